/** Tables without borders: what people read, and what `awk` does. */
import Table from 'cli-table3';

const names = [
  ...(['top', 'top-mid', 'top-left', 'top-right', 'bottom', 'bottom-mid', 'bottom-left', 'bottom-right'] as const),
  ...(['left', 'left-mid', 'mid', 'mid-mid', 'right', 'right-mid', 'middle'] as const),
] as const;
const noBorders = Object.fromEntries(names.map((name) => [name, name === 'middle' ? '  ' : '']));

/**
 * Returns the rows below their heads. Heads that begin with `>` are aligned to the right. The first columns are as wide as
 * `widths` says, and cut there.
 */
export function columns(
  heads: readonly string[],
  rows: readonly (readonly string[])[],
  widths: readonly number[] = [],
): string {
  const table = new Table({
    head: heads.map((head) => head.replace(/^>/, '')),
    colAligns: heads.map((head) => (head.startsWith('>') ? 'right' : 'left')),
    colWidths: [...widths],
    chars: noBorders,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0, compact: true },
  });
  for (const row of rows) table.push([...row]);
  return table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}
