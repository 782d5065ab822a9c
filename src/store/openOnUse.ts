/**
 * A store that opens itself: callers need not know whether it is open, was never reached yet, or failed to open.
 */
import { StoreError } from '../errors.js';
import type { FullStore } from './taskStore.js';

/**
 * Wraps `store`: every call first makes sure that `open()` has succeeded. The calls that come before that share one
 * attempt and fail with it; the next call starts another.
 */
export function openOnUse(store: FullStore): FullStore {
  const { tasks } = store;
  let opening: Promise<void> | undefined;
  let opened = false;
  let closed = false;

  const open = (): Promise<void> => {
    if (closed) return Promise.reject(new StoreError('ERR_STORE', 'the store is closed'));
    if (opened) return Promise.resolve();
    opening ??= store.open().then(
      () => {
        opened = true;
        opening = undefined;
      },
      (error: unknown) => {
        opening = undefined;
        throw error;
      },
    );
    return opening;
  };
  const use = async <T>(call: () => Promise<T>): Promise<T> => {
    if (!opened || closed) await open();
    if (closed) throw new StoreError('ERR_STORE', 'the store is closed');
    return call();
  };

  return {
    open,
    close() {
      closed = true;
      return store.close();
    },
    onAvailable: (listener) => store.onAvailable(listener),
    highestTerm: (name) => use(() => store.highestTerm(name)),
    observe: (asked) => use(() => store.observe(asked)),
    settle: (epoch, wait) => use(() => store.settle(epoch, wait)),
    compareAndSetLease: (name, expected, next) => use(() => store.compareAndSetLease(name, expected, next)),
    insertTerm: (record) => use(() => store.insertTerm(record)),
    beat: (tenure, beat, progress) => use(() => store.beat(tenure, beat, progress)),
    release: (tenure, beat, progress, died) => use(() => store.release(tenure, beat, progress, died)),
    releaseDead: (tenure) => use(() => store.releaseDead(tenure)),
    trimTerms: (name, below) => use(() => store.trimTerms(name, below)),
    putMember: (member) => use(() => store.putMember(member)),
    removeMember: (id) => use(() => store.removeMember(id)),
    putNotice: (notice) => use(() => store.putNotice(notice)),
    readNotices: (name) => use(() => store.readNotices(name)),
    listMembers: (name) => use(() => store.listMembers(name)),
    tasks: {
      addTasks: (name, added, maxQueue) => use(() => tasks.addTasks(name, added, maxQueue)),
      queueState: (name) => use(() => tasks.queueState(name)),
      tasksAfter: (name, seq, limit) => use(() => tasks.tasksAfter(name, seq, limit)),
      acknowledge: (tenure, acknowledgement) => use(() => tasks.acknowledge(tenure, acknowledgement)),
      setAttempts: (tenure, record) => use(() => tasks.setAttempts(tenure, record)),
      clearAttempts: (name, seq, recordedBy) => use(() => tasks.clearAttempts(name, seq, recordedBy)),
      trimTasks: (name, through) => use(() => tasks.trimTasks(name, through)),
      countTasks: (name) => use(() => tasks.countTasks(name)),
      countDeadLetters: (name) => use(() => tasks.countDeadLetters(name)),
      putDeadLetter: (letter) => use(() => tasks.putDeadLetter(letter)),
      oldestDeadLetter: (name, id) => use(() => tasks.oldestDeadLetter(name, id)),
      claimDeadLetter: (name, seq, expected, claim) => use(() => tasks.claimDeadLetter(name, seq, expected, claim)),
      removeDeadLetter: (name, seq) => use(() => tasks.removeDeadLetter(name, seq)),
    },
  };
}
