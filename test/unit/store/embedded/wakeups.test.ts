import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  symlinkSync,
  watch,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import type { MarkedMessage } from '../../../../src/store/embedded/calls.ts';
import { MarkedHints } from '../../../../src/store/embedded/markedHints.ts';
import {
  ALL_LEASES,
  marksOf,
  slotOf,
  slotsToMark,
  slotToMark,
  topicOf,
  WAKE_UPS_FILE,
  Wakeups,
  type WakeupsParts,
} from '../../../../src/store/embedded/wakeups.ts';

const folder = mkdtempSync(join(tmpdir(), 'mongo-failover-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let path: string;
let number = 0;
beforeEach(() => {
  number += 1;
  path = join(folder, String(number));
  mkdirSync(path);
});

/** Any user without rights: to root nothing is forbidden. */
const NOBODY = 65_534;

function asUser<T>(run: () => T): T {
  const isRoot = process.geteuid?.() === 0;
  if (isRoot) process.seteuid?.(NOBODY);
  try {
    return run();
  } finally {
    if (isRoot) process.seteuid?.(0);
  }
}

/** One thread, whose time the test decides. */
class Side {
  now = 1000;
  readonly later: { ms: number; callback: () => void }[] = [];
  /** What it heard, one list each time. */
  readonly heard: number[][] = [];
  random = Math.random;
  readonly wakeups: Wakeups;

  constructor(at = path, watch?: WakeupsParts['watch']) {
    this.wakeups = new Wakeups(at, {
      now: () => this.now,
      after: (ms, callback) => this.later.push({ ms, callback }),
      random: () => this.random(),
      heard: (slots) => this.heard.push(slots),
      ...(watch === undefined ? {} : { watch }),
    });
    onTestFinished(() => this.wakeups.close());
  }

  pass(ms: number): void {
    this.now += ms;
    for (const { callback } of this.later.splice(0)) callback();
  }
}

const lease = slotOf('billing', 'lease');
const tasks = slotOf('billing', 'tasks');
const heard = (side: Side, ...slots: number[][]) => expect.poll(() => side.heard).toEqual(slots);

describe('a slot', () => {
  test('is one for each topic of a name', () => {
    expect([topicOf(lease), topicOf(tasks), lease === tasks]).toEqual(['lease', 'tasks', false]);
    expect(slotOf('mailing', 'lease')).not.toBe(lease);
    for (let count = 0; count < 2000; count++) expect(slotOf(`name ${count} ✓`, 'tasks')).toBeLessThan(1024);
  });

  const tenure = { name: 'billing', term: 1, holder: 'a' };
  test.each([
    ['a release', 'release', [tenure, 1, {}], true, lease],
    ['a release that matched nothing', 'release', [tenure, 1, {}], false, undefined],
    ['a release for a holder that died', 'releaseDead', [{ ...tenure, claim: 'a/1' }], true, lease],
    ['a claim that is on record', 'insertTerm', [{ ...tenure, claim: 'a/1', ttl: 1 }], { inserted: true }, lease],
    ['a claim that was too late', 'insertTerm', [tenure], { inserted: false, claim: 'b/1' }, undefined],
    ['stored tasks', 'addTasks', ['billing', {}, 10], [0, 7, -1], tasks],
    ['tasks of which none was stored', 'addTasks', ['billing', {}, 10], [0, -1], undefined],
    ['a head that may be tried again', 'clearAttempts', ['billing', 7, null], undefined, tasks],
    ['a beat', 'beat', [tenure, 1, {}], true, undefined],
    ['orders', 'writeOrders', ['billing', null, {}], true, lease],
    ['orders that others have changed before', 'writeOrders', ['billing', 3, {}], false, undefined],
    ['a sign of who goes first', 'putPreferred', [{ name: 'billing' }], undefined, undefined],
    ['a drain', 'putDrain', [{ key: 'host/h', by: 'me', at: new Date(0) }], undefined, ALL_LEASES],
    ['the end of a drain', 'removeDrain', ['host/h'], undefined, ALL_LEASES],
    ['a look', 'observe', [[{ name: 'billing', tip: 0 }]], [{}], undefined],
  ] as const)('%s', (_, call, args, answer, slot) => {
    expect(slotToMark(call, args, answer)).toBe(slot);
    expect(slotsToMark(call, args, answer)).toEqual(slot === undefined ? [] : [slot]);
  });

  test('is marked for each of many releases and records that changed something', () => {
    const other = { ...tenure, name: 'mailing' };
    const releases = [
      { tenure, beat: 1 },
      { tenure: other, beat: 1 },
    ];
    expect(slotsToMark('releaseAll', [releases], [{ value: true }, { value: true }])).toEqual([
      lease,
      slotOf('mailing', 'lease'),
    ]);
    expect(slotsToMark('releaseAll', [releases], [{ value: false }, { error: {} }])).toEqual([]);
    const inserted = [{ value: { inserted: false, claim: 'b/1' } }, { value: { inserted: true } }];
    expect(slotsToMark('insertTerms', [[tenure, other]], inserted)).toEqual([slotOf('mailing', 'lease')]);
  });

  test('tells which name it is for, where one is known', () => {
    const inserted = [{ value: { inserted: true } }, { value: { inserted: true } }];
    expect(
      marksOf('insertTerms', [[tenure, { ...tenure, name: 'mailing' }]], inserted).map(({ name }) => name),
    ).toEqual(['billing', 'mailing']);
    expect(marksOf('putDrain', [{ key: 'host' }], null)).toEqual([{ slot: ALL_LEASES, name: '' }]);
  });

  test('is a hint about its name, about others that fall on it, or about the leases of all', () => {
    const told = new MarkedHints();
    const about = (message: MarkedMessage) =>
      told.hintsOf(message).map(({ topic, concerns }) => [topic, ...['billing', 'mailing'].filter(concerns)]);
    expect(about({ marked: [lease] })).toEqual([['lease', 'billing']]);
    expect(about({ marked: [tasks, lease] })).toEqual([
      ['lease', 'billing'],
      ['tasks', 'billing'],
    ]);
    expect(about({ marked: [ALL_LEASES] })).toEqual([['lease', 'billing', 'mailing']]);
    expect(about({ marked: [ALL_LEASES, tasks], names: [''] })).toEqual([
      ['lease', 'billing', 'mailing'],
      ['tasks', 'billing'],
    ]);
    expect(topicOf(ALL_LEASES)).toBe('lease');
  });

  test('is a hint about the names that are told with it, and about none that share its slot', () => {
    const [first, second] = sharingASlot();
    const concerned = (message: MarkedMessage) =>
      new MarkedHints().hintsOf(message).map(({ concerns }) => [first, second].filter(concerns));
    const marked = [slotOf(first, 'lease')];
    expect(concerned({ marked })).toEqual([[first, second]]);
    expect(concerned({ marked, names: [second] })).toEqual([[second]]);
  });
});

/** Returns two names whose leases have the same mark. */
function sharingASlot(): [string, string] {
  const seen = new Map<number, string>();
  for (let n = 0; ; n += 1) {
    const name = `name-${n}`;
    const slot = slotOf(name, 'lease');
    const other = seen.get(slot);
    if (other !== undefined) return [other, name];
    seen.set(slot, name);
  }
}

test('the others hear of a mark, and the one that made it does not', async () => {
  const [writer, reader, third] = [new Side(), new Side(), new Side()];
  writer.wakeups.mark(lease);
  await heard(reader, [lease]);
  await heard(third, [lease]);
  reader.wakeups.mark(tasks);
  await heard(writer, [tasks]);
});

test('a mark for all is heard beside an earlier version, whose file is shorter', async () => {
  writeFileSync(join(path, WAKE_UPS_FILE), Buffer.alloc(4096));
  const [writer, reader] = [new Side(), new Side()];
  writer.wakeups.mark(ALL_LEASES);
  await heard(reader, [ALL_LEASES]);
  writer.pass(1);
  reader.pass(1);
  writer.wakeups.mark(lease);
  await heard(reader, [ALL_LEASES], [lease]);
});

test('marks within a millisecond are written together, and told together', async () => {
  const [writer, reader] = [new Side(), new Side()];
  for (const slot of [lease, tasks, lease, 4, tasks]) writer.wakeups.mark(slot);
  expect(writer.later.map(({ ms }) => ms)).toEqual([1]);
  await heard(reader, [lease]);
  writer.pass(1);
  await expect.poll(() => reader.later).toHaveLength(1);
  reader.pass(1);
  await heard(
    reader,
    [lease],
    [lease, tasks, 4].sort((a, b) => a - b),
  );
  expect(writer.later).toEqual([]);
});

test('a mark that another one writes over is heard nevertheless', async () => {
  const [first, second, reader] = [new Side(), new Side(), new Side()];
  first.wakeups.mark(tasks);
  await heard(second, [tasks]);
  // The next one waits for a millisecond, in which another side marks the same.
  first.wakeups.mark(tasks);
  second.wakeups.mark(tasks);
  first.pass(1);
  expect(first.heard).toEqual([[tasks]]);
  await expect.poll(() => reader.heard.length + reader.later.length).toBeGreaterThan(0);
});

test('a mark that still waits when the file is closed is heard', async () => {
  const [writer, reader] = [new Side(), new Side()];
  writer.wakeups.mark(lease);
  await heard(reader, [lease]);
  reader.pass(1);
  writer.wakeups.mark(tasks);
  writer.wakeups.close();
  writer.pass(1);
  await heard(reader, [lease], [tasks]);
});

test('two that mark the same slot at once are both heard', async () => {
  const [first, second, reader] = [new Side(), new Side(), new Side()];
  first.wakeups.mark(lease);
  await heard(reader, [lease]);
  second.wakeups.mark(lease);
  await expect.poll(() => reader.later).toHaveLength(1);
  reader.pass(1);
  await heard(reader, [lease], [lease]);
});

describe('nothing is heard, and nothing fails', () => {
  const cases: [string, (file: string) => void][] = [
    ['where the folder is gone', () => rmSync(path, { recursive: true })],
    ['where something else has the name', (file) => mkdirSync(file)],
    ['where a link has the name', (file) => symlinkSync(join(folder, 'elsewhere'), file)],
  ];
  test.each(cases)('%s', (_, prepare) => {
    prepare(join(path, WAKE_UPS_FILE));
    const side = new Side();
    side.wakeups.mark(lease);
    side.wakeups.renew();
    side.wakeups.mark(lease);
    expect([side.heard, existsSync(join(folder, 'elsewhere'))]).toEqual([[], false]);
  });

  test('where there are no rights', () => {
    chmodSync(path, 0o500);
    const side = asUser(() => {
      const made = new Side();
      made.wakeups.mark(lease);
      made.wakeups.renew();
      return made;
    });
    expect([side.heard, side.later, existsSync(join(path, WAKE_UPS_FILE))]).toEqual([[], [], false]);
    chmodSync(path, 0o700);
  });

  test('after it was closed', () => {
    const side = new Side();
    side.wakeups.close();
    side.wakeups.mark(lease);
    side.wakeups.renew();
    side.wakeups.close();
    expect(side.later).toEqual([]);
  });
});

test('a file that was removed, or replaced, is made again by all', async () => {
  const [writer, reader] = [new Side(), new Side()];
  const file = join(path, WAKE_UPS_FILE);
  for (const harm of [() => {}, () => writeFileSync(file, 'other')]) {
    rmSync(file);
    harm();
    for (const { wakeups } of [writer, reader]) wakeups.renew();
    writer.pass(1);
    reader.pass(1);
    // Of a file that others replaced it hears all marks.
    reader.heard.length = 0;
    reader.pass(1);
    writer.wakeups.mark(lease);
    await heard(reader, [lease]);
  }
});

test('a member that may watch no file wakes the others, and watches again when it may', async () => {
  let isFull = true;
  const full = new Side(path, (...args) => {
    if (isFull) throw new Error('no more files may be watched');
    return watch(...args);
  });
  const other = new Side();
  full.wakeups.mark(lease);
  await heard(other, [lease]);
  full.wakeups.renew();
  isFull = false;
  full.wakeups.renew();
  other.wakeups.mark(tasks);
  await heard(full, [tasks]);
});

test('a watch that fails is begun again', async () => {
  const watchers: ReturnType<typeof watch>[] = [];
  const side = new Side(path, (...args) => {
    const watcher = watch(...args);
    watchers.push(watcher);
    return watcher;
  });
  const other = new Side();
  watchers[0]?.emit('error', new Error('the watch is over'));
  side.wakeups.mark(tasks);
  side.wakeups.renew();
  other.wakeups.mark(lease);
  await heard(side, [lease]);
  expect([watchers.length, other.heard]).toEqual([2, []]);
});

test('what is marked after the file was read, and before it is watched, is heard', () => {
  const other = new Side();
  const side = new Side(path, (...args) => {
    other.wakeups.mark(lease);
    return watch(...args);
  });
  expect(side.heard).toEqual([[lease]]);
});

test('what is marked after a watch failed, and before the next one, is heard', () => {
  const watchers: ReturnType<typeof watch>[] = [];
  const side = new Side(path, (...args) => {
    const watcher = watch(...args);
    watchers.push(watcher);
    return watcher;
  });
  watchers[0]?.emit('error', new Error('the watch is over'));
  new Side().wakeups.mark(lease);
  side.wakeups.renew();
  expect(side.heard).toEqual([[lease]]);
});

test('an open file that is still there is left as it is', () => {
  const side = new Side();
  const { ino, mtimeMs } = statSync(join(path, WAKE_UPS_FILE));
  side.wakeups.renew();
  expect(statSync(join(path, WAKE_UPS_FILE))).toMatchObject({ ino, mtimeMs });
});
