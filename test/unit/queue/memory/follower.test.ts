import { describe, expect, test } from 'vitest';
import { DONE_IDS_MAX, DoneWindow } from '../../../../src/queue/memory/doneWindow.ts';
import { Fifo } from '../../../../src/queue/memory/fifo.ts';
import { EARLY_IDS_MAX, Follower } from '../../../../src/queue/memory/follower.ts';
import type { Progress } from '../../../../src/store/store.ts';
import type { TaskId } from '../../../../src/task/task.ts';
import { random } from '../random.ts';

const bytes = new Uint8Array(0);

function standby(...ids: TaskId[]): { queue: Fifo; follower: Follower; queued: () => TaskId[] } {
  const queue = new Fifo();
  for (const id of ids) queue.push({ id, bytes });
  return { queue, follower: new Follower(queue), queued: () => [...queue.ids()] };
}

const progress = (count: number, ...recent: TaskId[]): Progress => ({
  identifier: recent.at(-1) ?? null,
  count,
  recent,
});

const nothing = { removed: [], fellBack: false, missed: 0 };

/** `count` numbers from `from` on. */
const range = (from: number, count: number): number[] => Array.from({ length: count }, (_, index) => from + index);

describe('as long as no more was done than the window holds', () => {
  test('removes exactly what was done, whatever the order here', () => {
    const { follower, queued } = standby(1, 2, 3, 4, 5);
    follower.see(progress(0));
    expect(follower.see(progress(2, 4, 2))).toEqual({ removed: [4, 2], fellBack: false, missed: 0 });
    expect(queued()).toEqual([1, 3, 5]);
  });

  test('looks only at the new end of the window', () => {
    const { queue, follower, queued } = standby(1, 2);
    follower.see(progress(0));
    follower.see(progress(1, 1));
    // The same id, submitted again: not done yet.
    queue.push({ id: 1, bytes });
    expect(follower.see(progress(2, 1, 2)).removed).toEqual([2]);
    expect(queued()).toEqual([1]);
  });

  test('sees nothing in a lease that it has seen already', () => {
    const { queue, follower, queued } = standby(1);
    follower.see(progress(0));
    follower.see(progress(1, 1));
    queue.push({ id: 1, bytes });
    expect(follower.see(progress(1, 1))).toEqual(nothing);
    expect(queued()).toEqual([1]);
    expect(follower.arrives(1)).toBe(false);
  });

  test('a task that was done before it was fed is dropped when it arrives, once', () => {
    const { follower } = standby(1);
    follower.see(progress(0));
    expect(follower.see(progress(2, 'late', 1)).removed).toEqual([1]);
    expect(follower.arrives('never seen')).toBe(false);
    expect(follower.arrives('late')).toBe(true);
    expect(follower.arrives('late')).toBe(false);
  });

  test('a full window is still exact', () => {
    const { follower, queued } = standby(-1, ...range(0, DONE_IDS_MAX));
    follower.see(progress(0));
    expect(follower.see(progress(DONE_IDS_MAX, ...range(0, DONE_IDS_MAX)))).toMatchObject({
      fellBack: false,
      missed: 0,
    });
    expect(queued()).toEqual([-1]);
  });

  test('an id too large for the window is known by the identifier', () => {
    const { follower, queued } = standby(1, 'large');
    follower.see(progress(0));
    expect(follower.see({ identifier: 'large', count: 1, recent: [] })).toEqual({
      removed: ['large'],
      fellBack: false,
      missed: 0,
    });
    expect(queued()).toEqual([1]);
  });
});

describe('when more was done than the window holds', () => {
  test('removes everything through the oldest id of the window that is queued, then the others exactly', () => {
    const { follower, queued } = standby(1, 2, 8, 3, 4, 5, 7);
    follower.see(progress(0));
    // 6 is not queued here, so 3 is the oldest that is; 8 is before it, 5 after a task that is not done.
    expect(follower.see(progress(9, 6, 3, 8, 5))).toEqual({ removed: [1, 2, 8, 3, 5], fellBack: true, missed: 5 });
    expect(queued()).toEqual([4, 7]);
  });

  test('remembers ids of the window that are not queued, but none that it has just removed', () => {
    const { follower } = standby(1, 8, 3);
    follower.see(progress(0));
    follower.see(progress(9, 6, 3, 8));
    expect([6, 3, 8, 1].map((id) => follower.arrives(id))).toEqual([true, false, false, false]);
  });

  test('removes nothing by order when no id of the window is queued', () => {
    const { follower, queued } = standby(1, 2);
    follower.see(progress(0));
    expect(follower.see(progress(9, 6, 7))).toEqual({ removed: [], fellBack: true, missed: 7 });
    expect(queued()).toEqual([1, 2]);
  });

  test('removes more tasks at once than a call may have arguments', () => {
    const { follower, queue } = standby();
    for (let id = 0; id < 200_000; id++) queue.push({ id, bytes });
    follower.see(progress(0));
    expect(follower.see(progress(200_000, 199_999)).removed).toHaveLength(200_000);
    expect(queue.size).toBe(0);
  });
});

describe('when it is not known how many are new', () => {
  test('the first look removes what is queued and in the window, and remembers nothing', () => {
    const { follower, queued } = standby(1, 2, 3);
    expect(follower.see(progress(1000, 'old', 3, 1))).toEqual({ removed: [3, 1], fellBack: false, missed: 0 });
    expect(queued()).toEqual([2]);
    expect(follower.arrives('old')).toBe(false);
    // From there on it is known.
    expect(follower.see(progress(1001, 'old', 3, 1, 'new')).removed).toEqual([]);
    expect(follower.arrives('new')).toBe(true);
  });

  test('so does a look at a count that went back', () => {
    const { follower, queued } = standby(1, 2, 3);
    follower.see(progress(1000, 'old'));
    expect(follower.see(progress(4, 'other', 2))).toEqual({ removed: [2], fellBack: false, missed: 0 });
    expect(follower.arrives('other')).toBe(false);
    expect(follower.see(progress(5, 'other', 2, 3)).removed).toEqual([3]);
    expect(queued()).toEqual([1]);
  });

  test('nothing done yet is known to be nothing', () => {
    const { follower } = standby();
    expect(follower.see(progress(0))).toEqual(nothing);
    follower.see(progress(1, 'a'));
    expect(follower.arrives('a')).toBe(true);
  });
});

test('after a mastership of its own it goes on from its own count', () => {
  const { follower, queued } = standby(1, 2, 3);
  follower.see(progress(10, 'x'));
  const own = new DoneWindow();
  own.start(progress(10, 'x'));
  for (let id = 100; id < 500; id++) own.add(id);
  follower.continueFrom(own.progress().count);
  own.add(2);
  expect(follower.see(own.progress())).toEqual({ removed: [2], fellBack: false, missed: 0 });
  expect(queued()).toEqual([1, 3]);
  expect(follower.arrives(450)).toBe(false);
});

test('forgets the oldest of the ids that never arrive', () => {
  const { follower } = standby();
  follower.see(progress(0));
  for (let id = 1; id <= EARLY_IDS_MAX + 1; id++) follower.see(progress(id, id));
  expect(follower.arrives(1)).toBe(false);
  expect(follower.arrives(2)).toBe(true);
  expect(follower.arrives(EARLY_IDS_MAX + 1)).toBe(true);
});

/** Orders of its own, tasks that come late or early, looks at any moment: a standby keeps exactly what is not done. */
test('a standby that misses no window loses no task and keeps none that is done', () => {
  for (let seed = 1; seed <= 50; seed++) {
    const chance = random(seed);
    const { queue, follower, queued } = standby();
    const unfed = new Set(range(0, 400));
    const undone = new Set(unfed);
    const window = new DoneWindow();
    const any = (ids: Set<number>): number | undefined => [...ids][chance.below(ids.size)];
    follower.see(window.progress());
    let sinceLook = 0;
    while (unfed.size + undone.size > 0) {
      const fed = any(unfed);
      const done = any(undone);
      if (fed !== undefined && chance.below(2) === 0) {
        unfed.delete(fed);
        if (!follower.arrives(fed)) queue.push({ id: fed, bytes });
      }
      if (done !== undefined && chance.below(2) === 0) {
        undone.delete(done);
        window.add(done);
        sinceLook += 1;
      }
      if (chance.below(60) > 0 && sinceLook < DONE_IDS_MAX) continue;
      expect(follower.see(window.progress()).fellBack, `seed ${seed}`).toBe(false);
      sinceLook = 0;
      const expected = [...undone].filter((id) => !unfed.has(id));
      expect(new Set(queued()), `seed ${seed}`).toEqual(new Set(expected));
    }
    follower.see(window.progress());
    expect(queued(), `seed ${seed}`).toEqual([]);
  }
});

describe('a lease that contradicts itself', () => {
  test('and names no task says nothing, whatever it counts', () => {
    const { queue, follower, queued } = standby(1);
    follower.see(progress(0));
    expect(follower.see({ identifier: null, count: 3, recent: [] })).toEqual(nothing);
    expect(follower.see({ identifier: null, count: 4, recent: [1] })).toEqual(nothing);
    expect([queued(), queue.size]).toEqual([[1], 1]);
  });

  test('and counts none as done removes nothing, whatever it names', () => {
    const { follower, queued } = standby(1);
    expect(follower.see({ identifier: 1, count: 0, recent: [1] })).toEqual(nothing);
    expect(queued()).toEqual([1]);
  });
});
