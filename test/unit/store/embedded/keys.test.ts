import { expect, test } from 'vitest';
import * as keys from '../../../../src/store/embedded/keys.ts';
import {
  idKey,
  leaseKey,
  letterIdKey,
  letterIdRange,
  memberKey,
  memberRange,
  taskKey,
  taskRange,
  termKey,
  termRange,
} from '../../../../src/store/embedded/keys.ts';

const within = (key: Buffer, { start, end }: { start: Buffer; end: Buffer }) =>
  Buffer.compare(start, key) <= 0 && Buffer.compare(key, end) < 0;

test('the records of a subsystem sort by term, far beyond 32 bits', () => {
  const terms = [1, 2, 10, 255, 256, 2 ** 31, 2 ** 32 + 1, Number.MAX_SAFE_INTEGER - 1];
  const keys = terms.map((term) => termKey('name', term));
  expect([...keys].reverse().sort(Buffer.compare)).toEqual(keys);
  for (const key of keys) expect(within(key, termRange('name'))).toBe(true);
  expect(keys.filter((key) => within(key, termRange('name', 10)))).toEqual(keys.slice(0, 2));
});

test.each([
  ['a', 'ab'],
  ['', 'a'],
  ['a', 'a\0'],
  ['a', 'b'],
  ['é', 'e'],
  ['a'.repeat(255), 'a'.repeat(256)],
])('no record of %j is among those of %j, nor the other way about', (one, other) => {
  for (const term of [1, 2 ** 40]) {
    expect(within(termKey(one, term), termRange(other))).toBe(false);
    expect(within(termKey(other, term), termRange(one))).toBe(false);
  }
});

test('members are among members only', () => {
  expect(within(memberKey('\u{10ffff}'), memberRange)).toBe(true);
  expect(within(leaseKey('m'), memberRange)).toBe(false);
  expect(within(termKey('m', 1), memberRange)).toBe(false);
});

test('the tasks of a queue sort by number, and those of no other queue are among them', () => {
  const keys = [1, 255, 256, 2 ** 32 + 1].map((seq) => taskKey('name', seq));
  expect([...keys].reverse().sort(Buffer.compare)).toEqual(keys);
  expect(keys.filter((key) => within(key, taskRange('name', 256)))).toEqual(keys.slice(2));
  for (const other of ['nam', 'name2', '']) expect(within(taskKey(other, 300), taskRange('name', 1))).toBe(false);
  expect(within(termKey('name', 300), taskRange('name', 1))).toBe(false);
});

test('ids that differ have different keys, whatever their kind', () => {
  const ids = [1, '1', 's1', 'n1', '', 'a', '\ud800', '\udc00', '"\\ud800"', 1.5, -1, 2 ** 53];
  const keys = ids.flatMap((id) => ['q', 'q1'].map((name) => idKey(name, id).toString('hex')));
  expect(new Set(keys).size).toBe(keys.length);
});

test('the dead letters of an id are not among those of another that begins like it', () => {
  expect(within(letterIdKey('q', 'a', 7), letterIdRange('q', 'a'))).toBe(true);
  for (const other of ['', 'aa', 'b', 1])
    expect(within(letterIdKey('q', other, 7), letterIdRange('q', 'a'))).toBe(false);
  expect(within(letterIdKey('qa', 'a', 7), letterIdRange('q', 'a'))).toBe(false);
});

test('refused entries are behind all that is due, whenever that is, and among those of their name alone', () => {
  for (const marked of [false, true]) {
    const key = keys.entryKey('q', { marked, at: 8.64e15, origin: 'a' });
    const refused = keys.refusedPlaceOf(key);
    expect(within(key, keys.entryRangeUntil('q', 8.64e15))).toBe(true);
    expect(within(refused, keys.entryRangeUntil('q', 8.64e15))).toBe(false);
    expect([within(key, keys.refusedEntries('q')), within(refused, keys.refusedEntries('q'))]).toEqual([false, true]);
    for (const other of ['', 'q1']) expect(within(refused, keys.refusedEntries(other))).toBe(false);
  }
});

test('no two kinds of keys begin alike, so none is in the range of another', () => {
  const samples: Record<string, Buffer> = {
    leaseKey: keys.leaseKey('q'),
    settledKey: keys.settledKey,
    memberKey: keys.memberKey('q'),
    ordersKey: keys.ordersKey('q'),
    preferredKey: keys.preferredKey('q'),
    drainKey: keys.drainKey('q'),
    successKey: keys.successKey('q', 'a'),
    slotKey: keys.slotKey('q', 'a'),
    scheduleKey: keys.scheduleKey('q', 'a'),
    termKey: keys.termKey('q', 1),
    changeKey: keys.changeKey('q', 'a'),
    queueKey: keys.queueKey('q'),
    taskKey: keys.taskKey('q', 1),
    idKey: keys.idKey('q', 'a'),
    takenEndKey: keys.takenEndKey('q', 1, 1),
    originKey: keys.originKey('q', 'a'),
    entryKey: keys.entryKey('q', { marked: false, at: 1, origin: 'a' }),
    entryIdKey: keys.entryIdKey('q', 'a'),
    letterKey: keys.letterKey('q', 1),
    letterCountKey: keys.letterCountKey('q'),
    letterIdKey: keys.letterIdKey('q', 'a', 1),
    outcomeKey: keys.outcomeKey('q', 'a'),
    outcomeEndKey: keys.outcomeEndKey('q', 1, 'a'),
    outcomesEndKey: keys.outcomesEndKey('q', 1, 0),
  };
  const made = Object.keys(keys).filter((name) => name.endsWith('Key'));
  expect(Object.keys(samples).sort()).toEqual(made.sort());
  const kinds = Object.values(samples).map((key) => key.toString('latin1', 0, 1));
  expect(new Set(kinds).size).toBe(kinds.length);
});
