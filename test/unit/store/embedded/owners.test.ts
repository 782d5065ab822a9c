import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { conflictIn, forgetOwners, Owners } from '../../../../src/store/embedded/owners.ts';
import {
  type ProcessIdentity,
  type ProcessTable,
  processTable,
  thisProcess,
} from '../../../../src/surroundings/processIdentity.ts';

const folder = mkdtempSync(join(tmpdir(), 'mongo-failover-owners-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const me: ProcessIdentity = { boot: 'b', namespace: 'pid:[1]', pid: 1, start: '100' };
const file = (key: string) => ({ key, size: 1 });
const files = { data: file('1:10'), lock: file('1:11') };

/** The processes that live, with when they started. */
const tableOf = (living: Record<number, string>): ProcessTable => ({
  look: (pid) => {
    const start = living[pid];
    return start === undefined ? 'none' : { start };
  },
});

let paths = 0;
function ownersIn(path: string, identity: ProcessIdentity, thread: string, living: Record<number, string>, wall = 0) {
  return new Owners({ path, me: identity, table: tableOf(living), thread, wall: () => Date.now() + wall });
}
function emptyFolder(): string {
  paths += 1;
  return mkdtempSync(join(folder, `${paths}-`));
}

test('an owner is seen by the others, not by itself, until it takes its file away', () => {
  const path = emptyFolder();
  const living = { 1: '100', 2: '200' };
  const first = ownersIn(path, me, 'a', living);
  const second = ownersIn(path, { ...me, pid: 2, start: '200' }, 'b', living);
  first.register(files);
  expect(first.others()).toEqual([]);
  expect(second.others()).toMatchObject([{ text: 'process 1', record: { files: { data: '1:10', lock: '1:11' } } }]);
  first.unregister();
  expect(second.others()).toEqual([]);
});

test('a second thread of one process is another owner', () => {
  const path = emptyFolder();
  ownersIn(path, me, 'a', { 1: '100' }).register(files);
  expect(ownersIn(path, me, 'b', { 1: '100' }).others()).toHaveLength(1);
});

test('the file of a process that died does not count, and goes', () => {
  const path = emptyFolder();
  const dead = ownersIn(path, { ...me, pid: 2, start: '200' }, 'b', {});
  dead.register(files);
  expect(ownersIn(path, me, 'a', { 1: '100' }).others()).toEqual([]);
  expect(ownersIn(path, me, 'a', { 1: '100', 2: '200' }).others()).toEqual([]);
});

test('the files of threads that ended in a process that lives are taken away', () => {
  const path = emptyFolder();
  const me = thisProcess();
  const owner = (thread: string) => new Owners({ path, me, table: processTable, thread, wall: Date.now });
  for (const thread of ['gate.1', 'gate.2', 'other.1']) owner(thread).register(files);
  forgetOwners({ path, earlierPath: join(path, 'none') }, 'gate');
  expect(owner('gate.3').others()).toHaveLength(1);
});

test('an owner in another container counts for as long as it renews its file', () => {
  const path = emptyFolder();
  const elsewhere = { ...me, namespace: 'pid:[2]' };
  ownersIn(path, elsewhere, 'b', {}).register(files);
  const look = (later: number) => ownersIn(path, me, 'a', { 1: '100' }, later).others();
  expect(look(0)).toMatchObject([{ text: 'process 1 in another container' }]);
  ownersIn(path, elsewhere, 'b', {}, 60_000).renew(files);
  expect(look(60_000)).toHaveLength(1);
  expect(look(100_000)).toEqual([]);
});

test('a file that a cleaner took is written again', () => {
  const path = emptyFolder();
  const owner = ownersIn(path, me, 'a', { 1: '100' });
  owner.register(files);
  rmSync(join(path, 'owners'), { recursive: true });
  owner.renew(files);
  expect(ownersIn(path, me, 'b', { 1: '100' }).others()).toHaveLength(1);
});

test('a file that was half written is passed over', () => {
  const path = emptyFolder();
  ownersIn(path, me, 'a', { 1: '100' }).register(files);
  writeFileSync(join(path, 'owners', '9-9-9.x.json'), '{"pid":');
  expect(ownersIn(path, me, 'b', { 1: '100' }).others()).toHaveLength(1);
});

describe('who has other files open than those that are here', () => {
  const owner = (open: { data: string | null; lock: string | null } | null) => ({
    record: { ...me, files: open },
    text: 'process 1',
  });
  const cases = [
    ['the same', owner({ data: '1:10', lock: '1:11' }), false],
    ['none yet', owner(null), false],
    ['another data.mdb', owner({ data: '1:9', lock: '1:11' }), true],
    ['another lock.mdb', owner({ data: '1:10', lock: '1:9' }), true],
    ['both others', owner({ data: '1:8', lock: '1:9' }), true],
  ] as const;
  test.each(cases)('%s', (_title, who, conflicts) => {
    expect(conflictIn([who], files) !== undefined).toBe(conflicts);
  });
  test('whoever has both open conflicts with one that is left', () => {
    const both = owner({ data: '1:10', lock: '1:11' });
    expect(conflictIn([both], { ...files, lock: undefined })).toBe(both);
    expect(conflictIn([both], { ...files, data: undefined })).toBe(both);
  });
});

test('all copies of LMDB in one process give way to the one that came first', () => {
  const path = emptyFolder();
  const living = { 1: '100', 2: '200' };
  const first = ownersIn(path, me, 'a', living);
  first.register(null);
  expect(first.copyOfLmdb('/first')).toBe('/first');
  expect(ownersIn(path, me, 'b', living).copyOfLmdb('/second')).toBe('/first');
  const other = ownersIn(path, { ...me, pid: 2, start: '200' }, 'a', living);
  expect(other.copyOfLmdb('/second')).toBe('/second');
  // The process ended, and its id was given to another one.
  const successor = ownersIn(path, { ...me, start: '300' }, 'a', { 1: '300' });
  expect(successor.copyOfLmdb('/second')).toBe('/second');
});

test('a file that says when it was renewed does so by the clock of the files', () => {
  const path = emptyFolder();
  ownersIn(path, { ...me, namespace: 'pid:[2]' }, 'b', {}).register(files);
  const old = new Date(Date.now() - 3_600_000);
  utimesSync(join(path, 'owners', '1-100-2.b.json'), old, old);
  expect(ownersIn(path, me, 'a', { 1: '100' }).others()).toEqual([]);
});
