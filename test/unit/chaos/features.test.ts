/** The checker on schedules, tasks that are due later, answers, cancels and checkpoints: each wrong record is found, and nothing else. */
import { describe, expect, test } from 'vitest';
import { firstAfter } from '../../chaos/checker/slots.ts';
import { Folder, found, WALL } from './folder.ts';

const HOUR = 3_600_000;

/** A generation of schedules from the beginning up to some second. If it is long, each schedule must have a task. */
function timetable(until: number): Folder {
  return opened(new Folder(), until).slot('skip.0', 3);
}

function opened(folder: Folder, until: number, generation = 0, from = 0): Folder {
  return folder
    .event('opened', from * 1000, { generation, from: WALL + from * 1000 })
    .event('closed', until * 1000 - 2000, { generation, until: WALL + until * 1000 });
}

describe('slots', () => {
  test('each has one task, from the first one up to the end', async () => {
    const all = await timetable(30)
      .slots('all.0', 3, 30, 1)
      .slots('once.0', 4, 30, 2)
      .slots('skip.0', 6, 9, 3)
      .verdict();
    expect(found(all)).toEqual({});
    expect(all.figures.slots).toBe(28 + 14 + 3);
  });

  test('one is lost in between, and so are the last ones, and all', async () => {
    const between = timetable(30).slots('once.0', 2, 30, 2);
    expect(found(await between.slots('all.0', 1, 12, 1).slots('all.0', 14, 30, 1).verdict())).toEqual({
      'slot lost': 1,
    });
    const tail = timetable(30).slots('once.0', 2, 30, 2).slots('all.0', 1, 29, 1);
    expect(found(await tail.verdict())).toEqual({ 'slot lost': 1 });
    expect(found(await timetable(30).verdict())).toEqual({ 'slot lost': 2 });
    // One whose slots may not overlap has a task, too.
    expect(found(await opened(new Folder(), 30).verdict())).toEqual({ 'slot lost': 3 });
    expect(found(await opened(new Folder(), 23).verdict())).toEqual({ 'slot lost': 2 });
  });

  test('where they overlap some are left out', async () => {
    const some = timetable(9).slots('all.0', 1, 9, 1).slots('once.0', 2, 8, 2).slot('skip.0', 9);
    expect(found(await some.verdict())).toEqual({});
  });

  test('one whose task began, and never ended, is lost', async () => {
    const begun = timetable(9).slots('once.0', 2, 8, 2).slots('all.0', 1, 8, 1);
    const id = `all.0@${new Date(WALL + 9000).toISOString().replace('.000Z', 'Z')}`;
    const more = { schedule: 'all.0', slot: WALL + 9000, wall: WALL + 9000 };
    expect(found(await begun.line('start', id, '1.1', 1, 9000, more).verdict())).toEqual({ 'slot lost': 1 });
  });

  test('none begins before its time by a right clock, or behind a later one', async () => {
    const early = new Folder().slot('all.0', 5, { at: 4900 });
    expect(found(await early.event('opened', 0, { generation: 0, from: WALL }).verdict())).toEqual({
      'before its time': 1,
    });
    const plain = () => new Folder().event('opened', 0, { generation: 0, from: WALL });
    const turned = plain().slot('all.0', 5, { at: 5000 }).slot('all.0', 7, { at: 7000 }).slot('all.0', 6, { at: 7010 });
    expect(found(await turned.verdict())).toEqual({ 'wrong slot': 1 });
  });

  test('a task of no slot is found', async () => {
    const plain = () => new Folder().event('opened', 0, { generation: 0, from: WALL });
    expect(found(await plain().slot('once.0', 3).verdict())).toEqual({ 'wrong slot': 1 });
    expect(found(await plain().slot('other.0', 3).verdict())).toEqual({ 'wrong slot': 1 });
    expect(found(await plain().slot('all.1', 3).verdict())).toEqual({ 'wrong slot': 1 });
    const more = { schedule: 'all.0', slot: WALL + 2000, wall: WALL + 3000 };
    const named = plain().line('start', 'all.0@else', '1.1', 1, 3000, more).line('end', 'all.0@else', '1.1', 1, 3001);
    expect(found(await named.verdict())).toEqual({ 'wrong slot': 1 });
  });

  test('one that is stored twice is out of order', async () => {
    const twice = timetable(5).slots('once.0', 2, 4, 2).slots('all.0', 1, 5, 1).slot('all.0', 3, { at: 5500 });
    expect(found(await twice.verdict())).toEqual({ 'out of order': 1 });
  });
});

describe('a clock that was set ahead', () => {
  const jumped = (member: string) =>
    timetable(30)
      .lease('1.1', 1, 20_000, 1)
      .slots('once.0', 2, 30, 2)
      .slots('all.0', 1, 10, 1)
      .fault(1, 'wall-clock', member, 10_500, 12_500, { ahead: HOUR });
  /** The twenty latest that were missed by that clock, and those that were on time. */
  const settles = (folder: Folder, first: number) => {
    for (let second = first; second <= 3611; second += 1)
      folder.slot('all.0', second, { at: 11_000 + 2 * (second - first), wall: WALL + 11_000 + HOUR });
    return folder;
  };

  test('leaves out what the policy says, and its tasks begin before their time', async () => {
    // At 11 s it shows 3,611 s: on time are the slots from 3,491 on.
    expect(found(await settles(jumped('1.1'), 3471).verdict())).toEqual({});
    expect(found(await settles(jumped('1.4'), 3471).verdict())).toEqual({});
  });

  test('leaves out no more, and no less', async () => {
    expect(found(await settles(jumped('1.1'), 3475).verdict())).toEqual({ 'slot lost': 1 });
    expect(found(await settles(jumped('1.1'), 3400).verdict())).toEqual({ 'slot lost': 1 });
  });

  test('excuses no one if it was that of a standby', async () => {
    const { counts } = await settles(jumped('2.1'), 3471).verdict();
    expect(counts.get('slot lost')).toBe(1);
  });

  test('lets later masters run what it has settled, but not what it had not come to', async () => {
    const later = async (second: number) => {
      const next = settles(jumped('1.1'), 3471).slot('all.0', second, { member: '2.1', term: 2, at: 13_000 });
      return (await next.verdict()).counts.get('before its time');
    };
    expect(await later(3612)).toBe(0);
    expect(await later(3616)).toBe(1);
  });

  test('leaves out by each policy', () => {
    const rule = { id: 'x', every: 1000, maxMissed: 20, overlap: 'queue', jitter: 0 } as const;
    expect(firstAfter(5000, 1_000_000, { ...rule, missed: 'all' }, null)).toBe(860_000);
    expect(firstAfter(5000, 1_000_000, { ...rule, missed: 'all' }, 9000)).toBe(6000);
    expect(firstAfter(5000, 1_000_000, { ...rule, missed: 'all' }, 30_000)).toBe(11_000);
    expect(firstAfter(5000, 1_000_000, { ...rule, missed: 'once' }, null)).toBe(880_000);
    expect(firstAfter(5000, 1_000_000, { ...rule, missed: 'once' }, 9000)).toBe(9000);
    expect(firstAfter(900_000, 1_000_000, { ...rule, missed: 'once' }, null)).toBe(901_000);
  });
});

test('a store that was emptied begins its schedules again, and what a copy brings back is whole', async () => {
  const lost = (forgot: 'all' | 'since') =>
    timetable(30)
      .slots('once.0', 2, 30, 2)
      .slots('all.0', 1, 10, 1)
      .loses(forgot, 10_500, 10_600)
      .slots('all.0', 15, 30, 1);
  expect(found(await lost('all').verdict())).toEqual({});
  const { violations } = await lost('since').verdict();
  expect(violations.map(({ kind, text }) => `${kind}: ${text.split(',')[0]}`)).toEqual([
    'slot lost: 4 slots of all.0 have no task',
  ]);
});

test('a store that was emptied before a generation began excuses none of its slots', async () => {
  const none = (at: number) => opened(new Folder(), 60, 1, 30).loses('all', at, at + 100);
  expect(found(await none(10_000).verdict())).toEqual({ 'slot lost': 3 });
  expect(found(await none(40_000).verdict())).toEqual({});
});

test('a clock that was right again settled nothing of a later generation, and of no task that came after', async () => {
  const clocks = () =>
    opened(new Folder(), 60, 1, 30)
      .lease('1.1', 1, 60_000, 1)
      .fault(1, 'wall-clock', '1.1', 10_500, 12_500, { ahead: HOUR });
  const early = { at: 40_000, wall: WALL + 40_000 };
  expect((await clocks().slot('all.1', 50, early).verdict()).counts.get('before its time')).toBe(1);
  const during = () => clocks().fault(2, 'wall-clock', '1.1', 31_000, 33_000, { ahead: HOUR });
  expect((await during().slot('all.1', 50, early).verdict()).counts.get('before its time')).toBe(0);
  const due = (said: number) =>
    new Folder()
      .lease('1.1', 1, 60_000, 1)
      .fault(1, 'wall-clock', '1.1', 10_500, 12_500, { ahead: HOUR })
      .says('runner', 'due', said, { id: 'a', due: WALL + 50_000 })
      .stored('a')
      .line('start', 'a', '1.1', 1, 40_000, { wall: WALL + 40_000 })
      .line('end', 'a', '1.1', 1, 40_001);
  expect(found(await due(9000).verdict())).toEqual({});
  expect(found(await due(20_000).verdict())).toEqual({ 'before its time': 1 });
});

test('what a store loses excuses no answer that was wrong before', async () => {
  const folder = (lost: number) => new Folder().loses('all', lost, lost + 100);
  const cancelled = (lost: number) =>
    folder(lost)
      .storedAt('a', 1, 2)
      .says('runner', 'cancels', 50, { id: 'a' })
      .says('runner', 'cancelled', 60, { id: 'a', state: 'removed' })
      .run('a', '1.1', 1, 2000, 2010);
  expect(found(await cancelled(5000).verdict())).toEqual({ 'wrong cancel': 1 });
  expect(found(await cancelled(500).verdict())).toEqual({});
  const unique = (lost: number) =>
    folder(lost)
      .run('a', '1.1', 1, 10, 11)
      .says('runner', 'unique', 5, { id: 'a', stored: true })
      .says('runner', 'unique', 3000, { id: 'a', stored: true });
  expect(found(await unique(5000).verdict())).toEqual({ 'taken id was free': 1 });
  expect(found(await unique(500).verdict())).toEqual({});
  const kept = (lost: number) =>
    folder(lost)
      .run('a', '1.1', 1, 10, 20)
      .says('1.1', 'done', 25, { id: 'a' })
      .says('runner', 'outcome', 4000, { id: 'a', state: 'none' });
  expect(found(await kept(8000).verdict())).toEqual({ 'wrong answer': 1 });
  expect(found(await kept(500).verdict())).toEqual({});
  const step = { step: { n: 1, term: 1, attempt: 1 } };
  const resumed = (lost: number) =>
    folder(lost)
      .line('put', 'a', '1.1', 1, 12, step)
      .line('kept', 'a', '1.1', 1, 13, step)
      .line('start', 'a', '2.1', 2, 3000)
      .line('saw', 'a', '2.1', 2, 3001, { step: null })
      .line('end', 'a', '2.1', 2, 3010);
  expect((await resumed(8000).verdict()).counts.get('wrong checkpoint')).toBe(1);
  expect((await resumed(500).verdict()).counts.get('wrong checkpoint')).toBe(0);
});

test('what was asked for before the files were replaced, and answered after that, may have gone with them', async () => {
  const folder = (heard: number) => new Folder().storedAt('a', 400, heard).loses('since', 500, 600);
  const answered = (heard: number) =>
    folder(heard).says('runner', 'answer', 9000, { id: 'a', state: 'ERR_OUTCOME_UNKNOWN' });
  expect((await answered(450).verdict()).counts.get('wrong answer')).toBe(1);
  expect((await answered(8000).verdict()).counts.get('wrong answer')).toBe(0);
  const unique = (heard: number) =>
    folder(450)
      .run('a', '1.1', 1, 10, 11)
      .says('runner', 'unique', heard, { id: 'a', stored: true, sent: `${400e6}` })
      .says('runner', 'unique', 9000, { id: 'a', stored: true });
  expect((await unique(450).verdict()).counts.get('taken id was free')).toBe(1);
  expect((await unique(8000).verdict()).counts.get('taken id was free')).toBe(0);
  const step = { step: { n: 1, term: 1, attempt: 1 } };
  const resumed = (heard: number) =>
    folder(450)
      .line('put', 'a', '1.1', 1, 400, step)
      .line('kept', 'a', '1.1', 1, heard, step)
      .line('start', 'a', '2.1', 2, 9000)
      .line('saw', 'a', '2.1', 2, 9001, { step: null })
      .line('end', 'a', '2.1', 2, 9010);
  expect((await resumed(450).verdict()).counts.get('wrong checkpoint')).toBe(1);
  expect((await resumed(8000).verdict()).counts.get('wrong checkpoint')).toBe(0);
});

test('a task that is due later begins then, and is not lost', async () => {
  const later = (at: number, wall = WALL + at) =>
    new Folder()
      .says('runner', 'due', 1, { id: 'a', due: WALL + 1000 })
      .stored('a')
      .line('start', 'a', '1.1', 1, at, { wall })
      .line('end', 'a', '1.1', 1, at + 1);
  expect(found(await later(1001).verdict())).toEqual({});
  expect(found(await later(900).verdict())).toEqual({ 'before its time': 1 });
  // Its member shows a clock that was set back.
  expect(found(await later(1001, WALL - HOUR).verdict())).toEqual({});
  const lost = new Folder().says('runner', 'due', 1, { id: 'a', due: WALL + 1000 }).stored('a');
  expect(found(await lost.verdict())).toEqual({ lost: 1 });
});

describe('answers', () => {
  const result = { member: '1.1', term: 1, attempt: 1 };
  const asked = () => new Folder().run('a', '1.1', 1, 10, 20).says('runner', 'waits', 5, { id: 'a', timeout: 300 });
  const answered = (more: object, at = 50) => asked().says('runner', 'answer', at, { id: 'a', ...more });

  test('tell of a run that ended so', async () => {
    expect(found(await answered({ state: 'done', term: 1, result }).verdict())).toEqual({});
    expect(found(await answered({ state: 'done', term: 1 }).verdict())).toEqual({});
    expect(found(await answered({ state: 'ERR_TIMEOUT' }).verdict())).toEqual({});
    expect(found(await answered({ state: 'done', term: 2 }).verdict())).toEqual({ 'wrong answer': 1 });
    const other = { ...result, member: '2.1' };
    expect(found(await answered({ state: 'done', term: 1, result: other }).verdict())).toEqual({ 'wrong answer': 1 });
    expect(found(await answered({ state: 'done', term: 1, result }, 15).verdict())).toEqual({ 'wrong answer': 1 });
    for (const state of ['ERR_CANCELLED', 'ERR_OUTCOME_UNKNOWN', 'failed', 'ERR_STORE_DATA'])
      expect(found(await answered({ state }).verdict())).toEqual({ 'wrong answer': 1 });
  });

  test('come by their timeout, unless the process ended or was held up', async () => {
    const late = { 'answer over its time': 1 };
    expect(found(await asked().verdict())).toEqual(late);
    expect(found(await answered({ state: 'ERR_TIMEOUT' }, 2400).verdict())).toEqual(late);
    const held = answered({ state: 'ERR_TIMEOUT' }, 3300).fault(1, 'block', 'runner', 100, 1200);
    expect(found(await held.verdict())).toEqual({});
    const member = () => new Folder().says('1.1', 'waits', 5, { id: 'a', timeout: 300 });
    expect(found(await member().event('killed', 600, { member: '1.1' }).verdict())).toEqual({});
    expect(found(await member().event('killed', 9000, { member: '1.1' }).verdict())).toEqual(late);
  });

  test('are kept at the end, under the term that was acknowledged', async () => {
    const repeated = () =>
      new Folder().run('a', '1.1', 1, 10, 20).run('a', '2.1', 2, 1300, 1310).says('2.1', 'done', 1320, { id: 'a' });
    const outcome = (folder: Folder, more: object) => folder.says('runner', 'outcome', 5000, { id: 'a', ...more });
    expect(found(await outcome(repeated(), { state: 'done', term: 2 }).verdict())).toEqual({});
    const wrong = { 'wrong answer': 1 };
    expect(found(await outcome(repeated(), { state: 'done', term: 1, result }).verdict())).toEqual(wrong);
    expect(found(await outcome(repeated(), { state: 'none' }).verdict())).toEqual(wrong);
    expect(found(await outcome(repeated(), { state: 'cancelled' }).verdict())).toEqual(wrong);
    expect(found(await outcome(repeated().loses('all', 2000, 2010), { state: 'none' }).verdict())).toEqual({});
    // It may have been asked for before the end was acknowledged.
    const soon = (sent: number, at: number) =>
      new Folder()
        .run('a', '1.1', 1, 10, 20)
        .says('runner', 'outcome', at, { id: 'a', state: 'none', sent: `${sent}e6` });
    expect(found(await soon(30, 40).verdict())).toEqual({});
    expect(found(await soon(30, 40).says('1.1', 'done', 35, { id: 'a' }).verdict())).toEqual({});
    expect(found(await soon(30, 40).says('1.1', 'done', 25, { id: 'a' }).verdict())).toEqual(wrong);
    expect(found(await soon(10_100, 10_200).verdict())).toEqual(wrong);
  });
});

describe('a cancel', () => {
  const cancels = (state: string, at = 100) =>
    new Folder()
      .stored('a')
      .says('runner', 'cancels', 50, { id: 'a', running: true })
      .says('runner', 'cancelled', at, { id: 'a', state });

  test('that removed a task leaves it without a run, or with one that was cut off', async () => {
    expect(found(await cancels('removed').verdict())).toEqual({});
    const cut = cancels('removed').line('start', 'a', '1.1', 1, 40).line('fail', 'a', '1.1', 1, 90);
    expect(found(await cut.verdict())).toEqual({});
    const wrong = { 'wrong cancel': 1 };
    expect(found(await cancels('removed').line('start', 'a', '1.1', 1, 101).verdict())).toEqual(wrong);
    expect(found(await cancels('removed').run('a', '1.1', 1, 90, 101).verdict())).toEqual(wrong);
    const done = cancels('removed').run('a', '1.1', 1, 40, 45).says('1.1', 'done', 46, { id: 'a' });
    expect(found(await done.verdict())).toEqual(wrong);
    const kept = cancels('removed')
      .run('a', '1.1', 1, 40, 45)
      .says('runner', 'outcome', 900, { id: 'a', state: 'done', term: 1 });
    expect(found(await kept.verdict())).toEqual(wrong);
  });

  test('that came too late is of a task that has ended', async () => {
    expect(found(await cancels('done').run('a', '1.1', 1, 60, 70).verdict())).toEqual({});
    expect(found(await cancels('unknown').run('a', '1.1', 1, 60, 70).verdict())).toEqual({});
    expect(found(await cancels('done').run('a', '1.1', 1, 90, 110).verdict())).toEqual({ 'wrong cancel': 1 });
    expect(found(await cancels('unknown').run('a', '1.1', 1, 110, 120).verdict())).toEqual({ 'wrong cancel': 1 });
    expect(found(await cancels('unknown').verdict())).toEqual({ lost: 1 });
    // A clock that is ahead lets the request go with its answer.
    expect(found(await cancels('unknown').fault(1, 'wall-clock', '1.1', 60, 90, { ahead: HOUR }).verdict())).toEqual(
      {},
    );
    const before = cancels('unknown').fault(1, 'wall-clock', '1.1', 10, 40, { ahead: HOUR });
    expect(found(await before.verdict())).toEqual({ lost: 1 });
  });

  test('that is open allows both, and so does an error', async () => {
    for (const state of ['requested', 'ERR_STORE_UNAVAILABLE']) {
      expect(found(await cancels(state).verdict())).toEqual({});
      expect(found(await cancels(state).run('a', '1.1', 1, 110, 120).verdict())).toEqual({});
    }
    const unanswered = new Folder().stored('a').says('1.1', 'cancels', 50, { id: 'a', running: false });
    expect(found(await unanswered.verdict())).toEqual({});
  });

  test('leaves a gap in the order that is none', async () => {
    const folder = cancels('removed')
      .line('start', 'a', '1.1', 1, 10)
      .line('fail', 'a', '1.1', 1, 90)
      .run('b', '2.1', 2, 1300, 1301);
    expect(found(await folder.verdict())).toEqual({});
  });
});

describe('a checkpoint', () => {
  const step = (n: number, term = 1, attempt = 1) => ({ step: { n, term, attempt } });
  /** An attempt that has stored two steps and asked for a third, and one that begins with this. */
  const next = (saw: { step: object | null }) =>
    new Folder()
      .line('start', 'a', '1.1', 1, 10)
      .line('saw', 'a', '1.1', 1, 11, { step: null })
      .line('put', 'a', '1.1', 1, 12, step(1))
      .line('kept', 'a', '1.1', 1, 13, step(1))
      .line('put', 'a', '1.1', 1, 14, step(2))
      .line('kept', 'a', '1.1', 1, 15, step(2))
      .line('put', 'a', '1.1', 1, 16, step(3))
      .line('start', 'a', '2.1', 2, 1300)
      .line('saw', 'a', '2.1', 2, 1301, saw)
      .line('end', 'a', '2.1', 2, 1310);

  test('is the last one that was stored, or a later one that was asked for', async () => {
    expect(found(await next(step(2)).verdict())).toEqual({});
    expect(found(await next(step(3)).verdict())).toEqual({});
    expect((await next(step(3)).verdict()).figures.resumed).toBe(1);
  });

  test('is no older one, and none that was never put down', async () => {
    for (const wrong of [step(1), step(4), step(3, 2), step(2, 1, 2), { step: null }])
      expect(found(await next(wrong).verdict())).toEqual({ 'wrong checkpoint': 1 });
  });

  test('may be gone with the files of the store', async () => {
    expect(found(await next(step(1)).loses('since', 14, 20).verdict())).toEqual({});
    const wrong = next({ step: null }).loses('since', 14, 20);
    expect(found(await wrong.verdict())).toEqual({ 'wrong checkpoint': 1 });
    const after = new Folder()
      .line('put', 'a', '1.1', 1, 12, step(1))
      .line('kept', 'a', '1.1', 1, 13, step(1))
      .loses('since', 12.5, 20)
      .line('start', 'a', '2.1', 1, 3000)
      .line('saw', 'a', '2.1', 1, 3001, { step: null })
      .line('end', 'a', '2.1', 1, 3010);
    expect((await after.verdict()).counts.get('wrong checkpoint')).toBe(0);
  });
});

test('an id that stays taken is free once', async () => {
  const submitted = (...stored: boolean[]) => {
    const folder = new Folder().run('a', '1.1', 1, 10, 11);
    for (const [index, one] of stored.entries()) folder.says('runner', 'unique', 5 + index, { id: 'a', stored: one });
    return folder;
  };
  expect(found(await submitted(true, false).verdict())).toEqual({});
  expect(found(await submitted(false, false).verdict())).toEqual({});
  expect(found(await submitted(true, true).verdict())).toEqual({ 'taken id was free': 1 });
});
