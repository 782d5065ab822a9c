/** What the checker expects after a death: no wait where another member saw it, and the whole lease where none did. */
import { describe, expect, test } from 'vitest';
import { Folder, found } from './folder.ts';

const slave = { seen: '0', left: 0, term: null, to: 'slave' };
const kinds = ['kill', 'exit', 'throw', 'kill-with-sibling', 'pid-reused'];

/** A master since 100 that dies at 2000, a standby, and a master after it. The beat was sent at 1900. */
function dies(kind: string, next: number, { from = 1000, last = 1990, ended = 2000 } = {}): Folder {
  return new Folder()
    .says('2.1', 'state', from, { ...slave, seen: String(from * 1e6) })
    .lease('1.1', 100, 1140, 1)
    .lease('1.1', last, 1050, 1)
    .fault(1, kind, '1.1', 2000, 2010)
    .event('killed', 2000, { member: '1.1' })
    .event('ended', ended, { member: '1.1', how: 'SIGKILL', expected: true })
    .lease('2.1', next, 1140, 2);
}

describe.each(kinds)('after %s', (kind) => {
  test('a standby follows at once, or is too late', async () => {
    const soon = await dies(kind, 2549).verdict();
    expect(found(soon)).toEqual({});
    expect([...soon.figures.byCause]).toEqual([[kind, [549]]]);
    expect(found(await dies(kind, 2551).verdict())).toEqual({ 'failover over its bound': 1 });
    expect(found(await dies(kind, 2700).event('late', 2100, { ms: 100 }).verdict())).toEqual({});
  });
});

test('a member is not late that follows a process that took long to end', async () => {
  const slow = (next: number, ended: number) => dies('kill', next, { ended });
  expect(found(await slow(2900, 2400).verdict())).toEqual({});
  expect(found(await slow(3000, 2400).verdict())).toEqual({ 'failover over its bound': 1 });
  // Another member had the lease before the runner heard of the end.
  expect(found(await slow(2900, 3400).verdict())).toEqual({});
});

test('a line that is written while the kill is on its way makes no second master', async () => {
  const writes = (at: number) => dies('kill', 2300, { last: at, ended: 2600 });
  expect(found(await writes(2001).verdict())).toEqual({});
  expect(found(await writes(2060).verdict())).toMatchObject({ 'two masters': 1 });
});

test.each([
  ['came too late to have seen the master', { from: 1800 }, undefined],
  ['was under a fault itself', {}, 'cut'],
])('a standby that %s may have to wait', async (_, times, fault) => {
  const late = (next: number): Folder => {
    const folder = dies('kill', next, times);
    return fault === undefined ? folder : folder.fault(2, fault, '2.1', 1000, 3000);
  };
  const verdict = await late(3700).verdict();
  expect(found(verdict)).toEqual({});
  expect([...verdict.figures.byCause.keys()]).toEqual(['kill, unseen']);
  expect(found(await late(3800).verdict())).toEqual({ 'failover over its bound': 1 });
});

test('a standby whose main thread is blocked sees the death', async () => {
  const blocked = dies('kill', 2700).fault(2, 'block', '2.1', 1000, 3000);
  expect(found(await blocked.verdict())).toEqual({ 'failover over its bound': 1 });
});

test('the death of a guard makes no standby blind, and costs no wait', async () => {
  const guardless = (next: number) => dies('kill', next).fault(2, 'kill-guard', '2.1', 1000, 3000);
  expect(found(await guardless(2549).verdict())).toEqual({});
  expect(found(await guardless(2551).verdict())).toEqual({ 'failover over its bound': 1 });
});

test('a process that says that it ends may have given its lease back by then', async () => {
  const ends = () =>
    new Folder()
      .lease('1.1', 100, 1140, 1)
      .lease('1.1', 1990, 1050, 1)
      .fault(1, 'exit', '1.1', 2000, 2100)
      .event('ended', 2100, { member: '1.1', how: 'code 7', expected: true })
      .lease('2.1', 2050, 1140, 2);
  expect(found(await ends().verdict())).toEqual({ 'two masters': 1 });
  expect(found(await ends().says('1.1', 'ending', 2001).verdict())).toEqual({});
});

describe('no member follows before the lease is over', () => {
  const silent = ['stop', 'cut', 'half-open', 'drop-requests'];
  const lives = (kind: string, next: number, to = 4000) =>
    new Folder()
      .lease('1.1', 1990, 1050, 1)
      .lease('1.1', 2050, 0, null)
      .fault(1, kind, '1.1', 2000, to)
      .lease('2.1', next, 1140, 2);

  test.each(silent)('while the master is under %s', async (kind) => {
    expect(found(await lives(kind, 3099).verdict())).toEqual({ 'failover before the lease was over': 1 });
    expect(found(await lives(kind, 3101).verdict())).toEqual({});
    // It may have given it back since.
    expect(found(await lives(kind, 3000, 2900).verdict())).toEqual({});
    // Dead by something else.
    expect(found(await lives(kind, 3000).event('killed', 2500, { member: '1.1' }).verdict())).toEqual({});
  });

  test('when all were killed at once', async () => {
    const all = (next: number) =>
      new Folder()
        .lease('1.1', 1990, 1050, 1)
        .fault(1, 'kill-all', 'all', 2000, 2500)
        .event('killed', 2001, { member: '1.1' })
        .event('ended', 2010, { member: '1.1', how: 'SIGKILL', expected: true })
        .lease('1.2', next, 1140, 2);
    expect(found(await all(3099).verdict())).toEqual({ 'failover before the lease was over': 1 });
    expect(found(await all(3101).verdict())).toEqual({});
    // SLAVE + TICKING + POLL from when all were there again, and what round trips may take.
    expect(found(await all(4449).verdict())).toEqual({});
    expect(found(await all(4451).verdict())).toEqual({ 'failover over its bound': 1 });
  });
});
