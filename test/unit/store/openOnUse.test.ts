import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { StoreError } from '../../../src/errors.ts';
import { openOnUse } from '../../../src/store/openOnUse.ts';
import type { FullStore } from '../../../src/store/taskStore.ts';

const tip = { term: 7, ttl: 1000, epoch: 'first' };

/** A store of which only `open`, `close` and `highestTerm` matter; `open` waits until the test lets it end. */
class SlowStore {
  readonly openings: { resolve: () => void; reject: (error: Error) => void }[] = [];
  readonly asked: string[] = [];
  closed = 0;
  readonly store: FullStore;

  constructor() {
    const none = () => Promise.reject(new Error('not part of this test'));
    this.store = {
      open: () => new Promise((resolve, reject) => this.openings.push({ resolve, reject })),
      close: async () => {
        this.closed += 1;
      },
      onAvailable: () => () => {},
      onHint: () => () => {},
      wantHints: () => {},
      highestTerm: async (name) => {
        this.asked.push(name);
        return tip;
      },
      ...{
        observe: none,
        settle: none,
        compareAndSetLease: none,
        insertTerm: none,
        beat: none,
        release: none,
        releaseDead: none,
        trimTerms: none,
      },
      ...{ putNotice: none, readNotices: none, putMember: none, removeMember: none, listMembers: none },
      ...{
        readOrders: none,
        writeOrders: none,
        putDrain: none,
        removeDrain: none,
        listDrains: none,
        putPreferred: none,
        putPresence: none,
        readPresences: none,
        putSuccess: none,
        findSuccess: none,
        takeSlot: none,
        clockAhead: none,
      },
      schedules: {
        readSchedules: none,
        findSchedule: none,
        writeSchedules: none,
        touchSchedules: none,
        pauseSchedule: none,
        resumeSchedule: none,
        deleteSchedule: none,
      },
      many: {
        highestTerms: none,
        claimAll: none,
        insertTerms: none,
        releaseAll: none,
        beatAll: none,
        observeAll: none,
        readNoticesOf: none,
        listMembersOf: none,
        putMembers: none,
        removeMembers: none,
      },
      outbox: {
        putEntries: none,
        namesWaiting: none,
        readEntries: none,
        markEntries: none,
        refuseEntries: none,
        removeEntries: none,
        outboxPlace: none,
      },
      tasks: {
        ...{
          addTasks: none,
          relayTasks: none,
          queueState: none,
          tasksAfter: none,
          acknowledge: none,
          setAttempts: none,
          clearAttempts: none,
          trimTasks: none,
        },
        ...{
          countTasks: none,
          countDeadLetters: none,
          putDeadLetter: none,
          oldestDeadLetter: none,
          claimDeadLetter: none,
          removeDeadLetter: none,
          deadLettersAfter: none,
          deadLetterAt: none,
        },
        ...{
          findTask: none,
          putChange: none,
          openChanges: none,
          takeChange: none,
          answerChange: none,
          readAnswer: none,
          removeChange: none,
          trimChanges: none,
          markTask: none,
          setCheckpoint: none,
          putOutcomes: none,
          readOutcomes: none,
          trimOutcomes: none,
        },
      },
    };
  }
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test('calls share one opening, wait for it, and need none afterwards', async () => {
  const slow = new SlowStore();
  const store = openOnUse(slow.store);
  const calls = [store.highestTerm('a'), store.open(), store.highestTerm('b')];
  expect(slow.openings).toHaveLength(1);
  expect(slow.asked).toEqual([]);
  slow.openings[0]?.resolve();
  expect(await Promise.all(calls)).toEqual([tip, undefined, tip]);
  expect(await store.highestTerm('c')).toBe(tip);
  expect(slow.openings).toHaveLength(1);
  expect(slow.asked).toEqual(['a', 'b', 'c']);
});

test('an opening that fails fails the calls that waited, unsent, and the next call starts another', async () => {
  const slow = new SlowStore();
  const store = openOnUse(slow.store);
  const calls = [store.highestTerm('a'), store.highestTerm('b')];
  const error = new StoreError('ERR_STORE_UNAVAILABLE', 'not there');
  slow.openings[0]?.reject(error);
  expect(await Promise.allSettled(calls)).toEqual(calls.map(() => ({ status: 'rejected', reason: error })));
  const again = store.highestTerm('c');
  expect(slow.openings).toHaveLength(2);
  slow.openings[1]?.resolve();
  expect(await again).toBe(tip);
  expect(slow.asked).toEqual(['c']);
});

test('a call that was waiting when the store closed is not sent', async () => {
  const slow = new SlowStore();
  const store = openOnUse(slow.store);
  const waiting = expect(store.highestTerm('a')).rejects.toMatchObject({ code: 'ERR_STORE' });
  await store.close();
  slow.openings[0]?.resolve();
  await waiting;
  await expect(store.highestTerm('b')).rejects.toMatchObject({ code: 'ERR_STORE' });
  await expect(store.open()).rejects.toMatchObject({ code: 'ERR_STORE' });
  expect(slow).toMatchObject({ asked: [], closed: 1 });
});
