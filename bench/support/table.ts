/** Tables for the terminal: plain characters, the first column to the left and the rest to the right. */
import CliTable3 from 'cli-table3';

export interface Table {
  readonly title: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

export function renderTable({ title, head, rows }: Table): string {
  const table = new CliTable3({
    head: [...head],
    colAligns: head.map((_, index) => (index === 0 ? 'left' : 'right')),
    style: { head: [], border: [] },
  });
  for (const row of rows) table.push([...row]);
  return `${title}\n${table.toString()}`;
}
