import { appendFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { appendLine, type LedgerLine, LedgerReader, parseLine } from '../../../../src/cli/demo/files/ledger.ts';

let folder: string;
let file: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mongo-failover-test-'));
  file = join(folder, 'ledger.jsonl');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const line = (path: string): LedgerLine => ({
  path,
  found: { sha256: 'ab', size: 1, compressed: 2 },
  term: 1,
  member: 2,
  pid: 3,
  startedAt: 4.5,
  endedAt: 6,
});

test('what was appended is read, each line once, before the file is there and after', async () => {
  const reader = new LedgerReader(file);
  expect(await reader.readOn()).toEqual([]);
  appendLine(file, line('a\nb "ü"'));
  appendLine(file, { ...line('gone'), found: { error: 'ENOENT' } });
  expect((await reader.readOn()).map(({ path }) => path)).toEqual(['a\nb "ü"', 'gone']);
  appendLine(file, line('c'));
  expect(await reader.readOn()).toEqual([line('c')]);
  expect(reader.lines).toHaveLength(3);
});

test('half a line waits for its other half, even within a character', async () => {
  const reader = new LedgerReader(file);
  const bytes = Buffer.from(`${JSON.stringify(line('ü'))}\n`);
  const within = bytes.indexOf('ü') + 1;
  await appendFile(file, bytes.subarray(0, within));
  expect(await reader.readOn()).toEqual([]);
  expect(reader.torn).toBe(true);
  await appendFile(file, bytes.subarray(within));
  expect(await reader.readOn()).toEqual([line('ü')]);
  expect(reader.torn).toBe(false);
  expect(reader.damaged).toBe(0);
});

test('lines that are none are counted, and cost no others', async () => {
  appendLine(file, line('a'));
  await appendFile(file, '{"path":"a"\n\n{"path":"b","found":{}}\n');
  appendLine(file, line('b'));
  const reader = new LedgerReader(file);
  expect(await reader.readOn()).toEqual([line('a'), line('b')]);
  expect(reader.damaged).toBe(3);
});

test.each(['null', '1', '"text"', '[]', '{}', JSON.stringify({ ...line('a'), found: null })])(
  '%s is no line',
  (text) => {
    expect(parseLine(text)).toBeUndefined();
  },
);
