/** A ledger of two terms that is in order, and what each way of doctoring it makes of the audit. */
import { expect, test } from 'vitest';
import { type AuditInput, audit } from '../../../../src/cli/demo/files/audit.ts';
import type { LedgerLine } from '../../../../src/cli/demo/files/ledger.ts';
import type { FileFacts } from '../../../../src/cli/demo/files/tasks.ts';
import { startWithin } from '../../../../src/cli/demo/intervals.ts';

const paths = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
const facts = (path: string): FileFacts => ({ sha256: `hash of ${path}`, size: path.charCodeAt(0), mtime: 1 });
const tasks = paths.map((path) => ({ path, size: path.charCodeAt(0), mtime: 1 }));

function line(path: string, startedAt: number, change: Partial<LedgerLine> = {}): LedgerLine {
  const found = { sha256: `hash of ${path}`, size: path.charCodeAt(0), compressed: 1 };
  return { path, found, term: 1, member: 1, pid: 11, startedAt, endedAt: startedAt + 90, ...change };
}

const second = { term: 2, member: 2, pid: 22 };
/** Blocked from 150 to 350, killed at 500, the next master at 1500. `e` is repeated. */
const good: AuditInput = {
  tasks,
  lines: [
    ...['a', 'b', 'c', 'd', 'e'].map((path, index) => line(path, index * 100)),
    ...['e', 'f', 'g', 'h'].map((path, index) => line(path, 1600 + index * 100, second)),
  ],
  damaged: 0,
  block: { member: 1, term: 1, from: 150, to: 350 },
  kill: { term: 1, at: 500 },
  takeover: { member: 2, at: 1500 },
  bound: 1100,
  mishaps: [],
};

/** The ids of the checks that fail. */
async function failing(change: Partial<AuditInput>, read = facts): Promise<string[]> {
  const { checks, holds } = await audit({ ...good, ...change }, async (path) => read(path));
  const failed = checks.filter((check) => !check.holds).map(({ id }) => id);
  expect(holds).toBe(failed.length === 0);
  return failed;
}

const changed = (path: string, change: Partial<LedgerLine>): LedgerLine[] =>
  good.lines.map((entry) => (entry.path === path ? { ...entry, ...change } : entry));

test('a ledger in order passes every check, and the figures are those of the run', async () => {
  const { holds, figures } = await audit(good, async (path) => facts(path));
  expect(holds).toBe(true);
  expect(figures).toMatchObject({ tasks: 8, done: 8, repeated: 1, terms: 2, changed: 0, doneWhileBlocked: 2 });
  expect(figures).toMatchObject({ takeover: 1000, firstTask: 1100 });
});

test('a task that is missing, a line of no task and a damaged line are found', async () => {
  expect(await failing({ lines: good.lines.filter(({ path }) => path !== 'h') })).toEqual(['complete']);
  expect(await failing({ lines: [...good.lines, line('z', 2000, second)] })).toEqual(['complete']);
  expect(await failing({ damaged: 1 })).toEqual(['complete']);
});

test('a wrong hash, a wrong size and a file that was not read are found, in repeated lines too', async () => {
  expect(await failing({ lines: changed('b', { found: { sha256: '', size: 98, compressed: 1 } }) })).toEqual([
    'content',
  ]);
  expect(await failing({ lines: changed('b', { found: { sha256: 'hash of b', size: 0, compressed: 1 } }) })).toEqual([
    'content',
  ]);
  expect(await failing({ lines: changed('b', { found: { error: 'ENOENT' } }) })).toEqual(['content']);
  const repeated = good.lines.map((entry) =>
    entry.path === 'e' && entry.term === 1 ? { ...entry, found: { error: 'EIO' } } : entry,
  );
  expect(await failing({ lines: repeated })).toEqual(['content']);
});

test('a file that changed or went since the list was made is not judged, but counted', async () => {
  const lines = changed('b', { found: { error: 'ENOENT' } });
  expect(await failing({ lines }, (path) => (path === 'b' ? { error: 'ENOENT' } : facts(path)))).toEqual([]);
  const touched = (path: string): FileFacts => (path === 'b' ? { sha256: 'another', size: 98, mtime: 2 } : facts(path));
  expect(await failing({}, touched)).toEqual([]);
  const { figures } = await audit(good, async (path) => touched(path));
  expect(figures.changed).toBe(1);
  expect(await failing({}, () => ({ error: 'ENOENT' }))).toEqual(['content']);
});

test('two intervals of work that overlap are found, of two masters and of one, and a long one over several', async () => {
  const early = good.lines.map((entry) =>
    entry.path === 'e' && entry.term === 2 ? { ...entry, startedAt: 480 } : entry,
  );
  expect(await failing({ lines: early })).toContain('exclusive');
  expect(await failing({ lines: changed('b', { endedAt: 201 }) })).toEqual(['exclusive']);
  expect(await failing({ lines: changed('f', { endedAt: 1850 }) })).toEqual(['exclusive']);
});

test('a term that goes back and a term of two masters are found', async () => {
  expect(await failing({ lines: changed('g', { term: 1, member: 1, pid: 11 }) })).toEqual(['order']);
  expect(await failing({ lines: changed('g', { pid: 33 }) })).toEqual(['order']);
});

test('a task that was done twice within a term is found', async () => {
  expect(await failing({ lines: [...good.lines, line('f', 2000, second)] })).toEqual(['once']);
});

test('a block in which nothing was done, or that cost the lease, is found', async () => {
  expect(await failing({ block: null })).toEqual(['block']);
  expect(await failing({ block: { member: 1, term: 1, from: 101, to: 150 } })).toEqual(['block']);
  const other = changed('c', { term: 2, member: 2, pid: 22 });
  expect(await failing({ lines: other })).toContain('block');
  // Nothing of the same term afterwards: the mastership did not outlive the block.
  expect(await failing({ block: { member: 1, term: 1, from: 150, to: 450 } })).toEqual(['block']);
});

test('a standby that took over too late, or never, is found', async () => {
  expect(await failing({ takeover: { member: 2, at: 500 + 1101 } })).toEqual(['takeover']);
  expect(await failing({ takeover: { member: 2, at: 499 } })).toEqual(['takeover']);
  expect(await failing({ takeover: null })).toEqual(['takeover', 'resumed']);
  expect(await failing({ kill: null, takeover: null })).toEqual(['takeover', 'resumed']);
});

test('a first task that came too late, or from another member, is found', async () => {
  const late = good.lines.map((entry) =>
    entry.term === 1
      ? entry
      : { ...entry, startedAt: entry.startedAt + startWithin, endedAt: entry.endedAt + startWithin },
  );
  expect(await failing({ lines: late, bound: 1000 })).toEqual(['resumed']);
  expect(await failing({ takeover: { member: 3, at: 1500 } })).toEqual(['resumed']);
});

test('a panic is found', async () => {
  expect(await failing({ mishaps: ['member 2: ...'] })).toEqual(['quiet']);
});

test('an empty ledger passes for nothing', async () => {
  expect(await failing({ lines: [], block: null, kill: null, takeover: null })).toEqual(
    expect.arrayContaining(['complete', 'content', 'order', 'block', 'takeover', 'resumed']),
  );
});
