/**
 * The checker on updates, least times, postponed tasks, dead letters that are put back, and what people ask of schedules: each wrong
 * record is found, and nothing else.
 */
import { describe, expect, test } from 'vitest';
import { Folder, found, MIN_INTERVAL, WALL } from './folder.ts';

describe('an update', () => {
  const wrong = { 'wrong payload': 1 };
  /** One that was asked for at 50, and answered at 100. */
  const updated = (state: string, version = 1, sent = 50, at = 100) =>
    new Folder()
      .stored('a')
      .says('runner', 'updates', sent, { id: 'a', version })
      .says('runner', 'updated', at, { id: 'a', version, state });
  const run = (folder: Folder, start: number, version: number, member = '1.1', term = 1) =>
    folder
      .line('start', 'a', member, term, start, { version, left: 1000 })
      .line('end', 'a', member, term, start + 5, { left: 1000 });

  test('is what the task has from the answer on', async () => {
    expect(found(await run(updated('updated'), 101, 1).verdict())).toEqual({});
    expect(found(await run(updated('updated'), 99, 0).verdict())).toEqual({});
    expect(found(await run(updated('updated'), 101, 0).verdict())).toEqual(wrong);
    // Under the next master, too.
    expect(found(await run(updated('updated'), 2000, 0, '2.1', 2).verdict())).toEqual(wrong);
  });

  test('that nothing has asked for, or only later, is in no run', async () => {
    expect(found(await run(updated('updated'), 49, 1).verdict())).toEqual(wrong);
    expect(found(await run(updated('updated'), 101, 2).verdict())).toEqual(wrong);
  });

  test('without an answer, or one in time, leaves open which payload it is', async () => {
    for (const state of ['requested', 'ERR_STORE_UNAVAILABLE'])
      for (const version of [0, 1]) expect(found(await run(updated(state), 101, version).verdict())).toEqual({});
    const killed = new Folder().stored('a').says('1.1', 'updates', 50, { id: 'a', version: 1 });
    expect(found(await run(killed, 60, 0).verdict())).toEqual({});
  });

  test('is replaced by one that follows its answer', async () => {
    const both = (first: string) =>
      updated(first)
        .says('runner', 'updates', 110, { id: 'a', version: 2 })
        .says('runner', 'updated', 120, { id: 'a', version: 2, state: 'updated' });
    expect(found(await run(both('updated'), 121, 2).verdict())).toEqual({});
    expect(found(await run(both('updated'), 119, 1).verdict())).toEqual({});
    expect(found(await run(both('updated'), 121, 1).verdict())).toEqual(wrong);
    // It may land behind the other one.
    expect(found(await run(both('requested'), 121, 1).verdict())).toEqual({});
  });

  test('that came too late is of a task that has ended', async () => {
    expect(found(await run(updated('done'), 60, 0).verdict())).toEqual({});
    expect(found(await run(updated('done'), 98, 0).verdict())).toEqual(wrong);
    expect(found(await run(updated('unknown'), 110, 0).verdict())).toEqual(wrong);
    expect(found(await run(updated('removed'), 60, 0).verdict())).toEqual(wrong);
  });

  test('may go with the files of the store that were replaced between the call and its answer', async () => {
    const late = (heard: number) => run(updated('updated', 1, 400, heard).loses('since', 500, 600), 9000, 0);
    expect(found(await late(450).verdict())).toEqual(wrong);
    expect(found(await late(8000).verdict())).toEqual({});
  });

  test('may go with the files of the store, and is that of one of two tasks', async () => {
    const taken = (from: number) => run(updated('updated').loses('since', from, from + 20), 2000, 0, '2.1', 2);
    expect(found(await taken(90).verdict())).toEqual({});
    expect(found(await taken(150).verdict())).toEqual(wrong);
    expect(found(await run(updated('updated').says('runner', 'again', 1, { id: 'a' }), 101, 0).verdict())).toEqual({});
  });
});

describe('a least time between two starts', () => {
  const two = (gap: number, member = '1.1', term = 1) =>
    new Folder().pacedRun('paced:1', '1.1', 1, 3000).pacedRun('paced:2', member, term, 3000 + gap);

  test('holds under one master and over two', async () => {
    expect(found(await two(MIN_INTERVAL).verdict())).toEqual({});
    expect(found(await two(MIN_INTERVAL, '2.1', 2).verdict())).toEqual({});
    expect(found(await two(20).verdict())).toEqual({ 'too soon': 1 });
    expect(found(await two(20, '2.1', 2).verdict())).toEqual({ 'too soon': 1 });
    expect((await two(20).verdict()).figures.paced).toBe(2);
  });

  test('is shorter where the first task began late', async () => {
    // By as much as a thread may be late on any machine.
    expect(found(await two(MIN_INTERVAL - 490).verdict())).toEqual({});
    expect(found(await two(20).event('late', 2900, { ms: 75 }).verdict())).toEqual({});
    expect(found(await two(20).event('late', 2900, { ms: 50 }).verdict())).toEqual({ 'too soon': 1 });
    expect(found(await two(20).event('late', 900, { ms: 75 }).verdict())).toEqual({ 'too soon': 1 });
    expect(found(await two(20).fault(1, 'busy', 'all', 2000, 2500).verdict())).toEqual({});
    expect(found(await two(20).fault(1, 'busy', 'all', 3100, 3500).verdict())).toEqual({ 'too soon': 1 });
    expect(found(await two(20).fault(1, 'stop', '3.1', 2000, 2500).verdict())).toEqual({ 'too soon': 1 });
  });

  test('delays tasks and loses none', async () => {
    expect(found(await two(MIN_INTERVAL).stored('paced:1', 'paced:2').verdict())).toEqual({});
    expect(found(await two(MIN_INTERVAL).stored('paced:3').verdict())).toEqual({ lost: 1 });
  });
});

describe('a task that is postponed', () => {
  const wrong = { 'wrong wait': 1 };
  const postponed = (wait = 80) =>
    new Folder()
      .line('start', 'a', '1.1', 1, 1000, { left: 1000 })
      .line('postpone', 'a', '1.1', 1, 1001, { left: 1000, wait });
  const next = (
    folder: Folder,
    at: number,
    more: { id?: string; member?: string; term?: number; attempt?: number } = {},
  ) => {
    const { id = 'a', member = '1.1', term = 1, attempt = 1 } = more;
    return folder
      .line('start', id, member, term, at, { left: 1000, attempt })
      .line('end', id, member, term, at + 1, { left: 1000, attempt });
  };

  test('begins again after its time, with the same attempt, before all others', async () => {
    const verdict = await next(postponed(), 1081).verdict();
    expect(found(verdict)).toEqual({});
    expect(verdict.figures.postponed).toBe(1);
    expect(found(await next(postponed(), 1030).verdict())).toEqual(wrong);
    expect(found(await next(postponed(), 1081, { attempt: 2 }).verdict())).toEqual(wrong);
    expect((await next(postponed(), 1081, { id: 'b' }).verdict()).counts.get('wrong wait')).toBe(1);
    expect((await next(postponed(), 1030, { id: 'b' }).verdict()).counts.get('wrong wait')).toBe(1);
  });

  test('begins at once under the next master, and where the lease was nearly lost', async () => {
    expect(found(await next(postponed(9000), 2300, { member: '2.1', term: 2, attempt: 2 }).verdict())).toEqual({});
    expect(found(await next(postponed().lease('1.1', 1010, 90, 1), 1030).verdict())).toEqual({});
    expect(found(await next(postponed().lease('1.1', 1010, 900, 1), 1030).verdict())).toEqual(wrong);
  });

  test('is lost if it does not begin again', async () => {
    expect(found(await postponed().stored('a').verdict())).toEqual({ lost: 1 });
  });
});

describe('a dead letter', () => {
  const wrong = { 'wrong requeue': 1 };
  const dead = () =>
    new Folder()
      .says('runner', 'ill', 0, { id: 'a', of: 'measles' })
      .stored('a')
      .line('start', 'a', '1.1', 1, 100)
      .line('fail', 'a', '1.1', 1, 101, { permanent: true })
      .says('1.1', 'deadletter', 110, { id: 'a' });
  const requeues = (folder: Folder, more: object = {}, answer: object = {}, from = 200, to = 210) =>
    folder
      .says('runner', 'requeues', from, { id: `requeue ${from}`, ...more })
      .says('runner', 'requeued', to, { id: `requeue ${from}`, state: 'done', requeued: 1, duplicates: 0, ...answer });
  const runs = (folder: Folder, at = 220) => folder.run('a', '1.1', 1, at, at + 1);

  test('is put back once, and done', async () => {
    const verdict = await runs(requeues(dead())).verdict();
    expect(found(verdict)).toEqual({});
    expect(verdict.figures.letters).toBe(1);
    expect(found(await runs(requeues(dead(), { of: 'measles' })).verdict())).toEqual({});
    // While the call is under way, too.
    expect(found(await runs(requeues(dead()), 205).verdict())).toEqual({});
    expect(found(await dead().verdict())).toEqual({ lost: 1 });
  });

  test('does not begin again if nothing has put it back', async () => {
    expect(found(await runs(dead()).verdict())).toEqual(wrong);
    expect(found(await runs(requeues(dead(), { of: 'mumps' })).verdict())).toEqual(wrong);
    expect(found(await runs(requeues(dead()), 150).verdict())).toEqual(wrong);
    // It was no dead letter when the call ended.
    expect(found(await runs(requeues(dead(), {}, {}, 50, 60)).verdict())).toEqual(wrong);
    // A master that died may not have lived to give it up.
    const repeated = new Folder()
      .says('runner', 'ill', 0, { id: 'a', of: 'measles' })
      .line('start', 'a', '1.1', 1, 100)
      .line('fail', 'a', '1.1', 1, 101, { permanent: true })
      .run('a', '2.1', 2, 1300, 1301);
    expect(found(await repeated.verdict())).toEqual({});
  });

  test('is not put back twice', async () => {
    const twice = (folder: Folder) => runs(runs(folder).says('1.1', 'done', 230, { id: 'a' }), 300);
    expect(found(await twice(requeues(dead())).verdict())).toEqual(wrong);
    const cutOff = requeues(dead(), {}, { state: 'ERR_STORE_UNAVAILABLE', requeued: 0 });
    expect(found(await twice(cutOff).verdict())).toEqual({});
    const killed = requeues(dead()).says('2.1', 'requeues', 190, { id: 'requeue 1' });
    expect(found(await twice(killed).verdict())).toEqual({});
    const before = requeues(dead())
      .says('2.1', 'requeues', 20, { id: 'requeue 1' })
      .event('ended', 50, { member: '2.1', expected: true });
    expect(found(await twice(before).verdict())).toEqual(wrong);
    expect(found(await twice(requeues(dead()).loses('since', 205, 206)).verdict())).toEqual({});
    expect(found(await twice(requeues(dead()).says('runner', 'again', 1, { id: 'a' })).verdict())).toEqual({});
  });

  test('is one of as many as were to be put back', async () => {
    expect(found(await runs(requeues(dead(), { limit: 1 })).verdict())).toEqual({});
    expect(found(await runs(requeues(dead(), { limit: 1 }, { duplicates: 1 })).verdict())).toEqual(wrong);
  });

  test('of a task that no run failed for good is one too many', async () => {
    const healthy = new Folder().run('a', '1.1', 1, 100, 101).says('1.1', 'deadletter', 110, { id: 'a' });
    expect(found(await healthy.verdict())).toEqual({ 'given up': 1 });
    const early = new Folder()
      .says('runner', 'ill', 0, { id: 'a', of: 'mumps' })
      .line('start', 'a', '1.1', 1, 100)
      .line('fail', 'a', '1.1', 1, 101)
      .says('1.1', 'deadletter', 110, { id: 'a' });
    expect(found(await early.verdict())).toEqual({ 'given up': 1 });
  });
});

describe('a schedule that is paused', () => {
  const slots = (folder: Folder, from: number, to: number) => folder.slots('held.0', from, to, 1);
  const opened = (until: number) =>
    new Folder()
      .onlyHeld()
      .event('opened', 0, { generation: 0, from: WALL })
      .event('closed', until * 1000 - 2000, { generation: 0, until: WALL + until * 1000 });
  /** From 5.5 s, as far as it is answered, to 8.5 s. */
  const paused = (folder: Folder, state = 'done') =>
    folder.asks('pauses', 'held.0', 5490, 5500, { state }).asks('resumes', 'held.0', 8490, 8500);

  test('has no task for the slots that pass, and one for each other', async () => {
    expect(found(await slots(slots(paused(opened(12)), 1, 5), 9, 12).verdict())).toEqual({});
    // Those that were open by then pass, too.
    expect(found(await slots(slots(paused(opened(12)), 1, 3), 9, 12).verdict())).toEqual({});
    const lost = { 'slot lost': 1 };
    expect(found(await slots(slots(paused(opened(12)), 1, 5), 10, 12).verdict())).toEqual(lost);
    expect(found(await slots(slots(slots(paused(opened(12)), 1, 3), 5, 5), 9, 12).verdict())).toEqual(lost);
    expect(found(await slots(slots(opened(12), 1, 5), 9, 12).verdict())).toEqual(lost);
  });

  test('queues nothing in between', async () => {
    const early = slots(slots(slots(paused(opened(12)), 1, 5), 7, 7), 9, 12);
    expect(found(await early.verdict())).toMatchObject({ 'slot of a pause': 1 });
    // One that was asked for is none of its slots.
    const asked = slots(slots(paused(opened(12)), 1, 5), 9, 12).asks('triggers', 'held.0', 7000, 7002, {
      stored: true,
    });
    expect(found(await triggered(asked, 7001).verdict())).toEqual({});
  });

  test('is not, if the files were replaced between the call and its answer', async () => {
    const late = (lost: number) => {
      const folder = opened(12).asks('pauses', 'held.0', 2400, 5500).asks('resumes', 'held.0', 8490, 8500);
      return slots(slots(slots(folder.loses('since', lost, lost + 100), 1, 5), 7, 7), 9, 12);
    };
    expect((await late(2500).verdict()).counts.get('slot of a pause')).toBe(0);
    expect((await late(9500).verdict()).counts.get('slot of a pause')).toBe(1);
  });

  test('may be so or not after a call that failed, up to the next resume', async () => {
    const failed = () => paused(opened(12), 'ERR_STORE_UNAVAILABLE');
    expect(found(await slots(failed(), 1, 12).verdict())).toEqual({});
    expect(found(await slots(slots(failed(), 1, 5), 9, 12).verdict())).toEqual({});
    // It may have landed behind the resume.
    expect(found(await slots(slots(failed(), 1, 5), 11, 12).verdict())).toEqual({});
    const next = failed().asks('resumes', 'held.0', 9990, 10_000);
    expect(found(await slots(slots(next, 1, 5), 12, 12).verdict())).toEqual({ 'slot lost': 1 });
    const unknown = slots(slots(paused(opened(12), 'ERR_SCHEDULE_UNKNOWN'), 1, 5), 9, 12);
    expect(found(await unknown.verdict())).toEqual({ 'slot lost': 1 });
  });

  test('may be paused again by an older copy of the store, or no more', async () => {
    const copied = (from: number, to: number) => paused(opened(14)).loses('since', from, to);
    const resumed = () => copied(7000, 9500).asks('resumes', 'held.0', 12_490, 12_500);
    expect(found(await slots(slots(slots(resumed(), 1, 5), 9, 9), 13, 14).verdict())).toEqual({});
    expect(found(await slots(slots(slots(resumed(), 1, 5), 9, 9), 14, 14).verdict())).toEqual({ 'slot lost': 1 });
    expect(found(await slots(copied(5300, 5600), 1, 14).verdict())).toEqual({});
    const broken = await slots(copied(5600, 5700), 1, 14).verdict();
    expect(broken.counts.get('slot of a pause')).toBe(3);
  });

  test('is not judged where a clock was wrong', async () => {
    const set = slots(paused(opened(12)), 1, 12).fault(1, 'wall-clock', '1.1', 6000, 7000, { ahead: -3_600_000 });
    expect(found(await set.verdict())).toEqual({});
  });
});

describe('a task that people ask for', () => {
  test('is there if a call has said so, and only then', async () => {
    const asked = (state = 'done', more: object = { stored: true }) =>
      new Folder().onlyHeld().asks('triggers', 'held.0', 1000, 1010, { state, ...more });
    expect(found(await triggered(asked(), 1005).verdict())).toEqual({});
    expect(found(await asked().verdict())).toEqual({ 'slot lost': 1 });
    expect(found(await asked('ERR_STORE_UNAVAILABLE', {}).verdict())).toEqual({});
    expect(found(await triggered(asked('ERR_STORE_UNAVAILABLE', {}), 1005).verdict())).toEqual({});
    expect(found(await triggered(triggered(asked(), 1005), 2005).verdict())).toEqual({ 'wrong slot': 1 });
    expect(found(await asked().loses('since', 990, 1020).verdict())).toEqual({});
  });

  test('for slots that have passed is there for each', async () => {
    const asked = (stored: number) =>
      new Folder()
        .onlyHeld()
        .event('opened', 0, { generation: 0, from: WALL })
        .slots('held.0', 1, 2, 1)
        .asks('backfills', 'held.0', 5000, 5010, { stored, from: WALL + 1000, to: WALL + 2000 });
    const again = (folder: Folder, second: number, at: number, member = '1.1', term = 1) => {
      const id = `held.0@${new Date(WALL + second * 1000).toISOString().replace('.000Z', 'Z')}`;
      const slot = { schedule: 'held.0', slot: WALL + second * 1000, backfilled: true, wall: WALL + at };
      return folder.line('start', id, member, term, at, slot).line('end', id, member, term, at + 1);
    };
    expect(found(await again(again(asked(2), 1, 5100), 2, 5200).verdict())).toEqual({});
    expect(found(await again(asked(2), 1, 5100).verdict())).toEqual({ 'slot lost': 1 });
    expect(found(await asked(0).verdict())).toEqual({});
    expect(found(await again(asked(0), 3, 5100).verdict())).toEqual({ 'wrong slot': 1 });
    // Its master may have died before it said that the second one is done.
    const id = `held.0@${new Date(WALL + 1000).toISOString().replace('.000Z', 'Z')}`;
    const told = again(asked(1), 1, 5100, '2.1', 2).says('1.1', 'done', 1500, { id });
    const outcome = told.says('runner', 'outcome', 6000, { id, state: 'done', term: 2 });
    expect(found(await outcome.verdict())).toEqual({});
  });
});

/** A task of the schedule that is none of a slot, which begins 5 ms later. */
function triggered(folder: Folder, at: number): Folder {
  const slot = WALL + at;
  const id = `held.0@${new Date(slot).toISOString()}!`;
  return folder
    .line('start', id, '1.1', 1, at + 5, { schedule: 'held.0', slot, wall: slot + 5 })
    .line('end', id, '1.1', 1, at + 6);
}
