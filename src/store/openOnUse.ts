/**
 * A store that opens itself: callers need not know whether it is open, was never reached yet, or failed to open.
 */
import { StoreError } from '../errors.js';
import type { ChangeStore } from './changes.js';
import type { ManyStore } from './manyStore.js';
import type { OutboxStore } from './outbox.js';
import type { ScheduleStore } from './schedules.js';
import type { FullStore, TaskStore } from './taskStore.js';

/**
 * Wraps `store`: every call first makes sure that `open()` has succeeded. The calls that come before that share one
 * attempt and fail with it; the next call starts another. Opening is not part of a call: it has a limit of its own, and
 * those of the calls begin after it.
 */
export function openOnUse(store: FullStore): FullStore {
  const { tasks, many, outbox, schedules } = store;
  const opened = new OpenedStore(store);
  const use = <T>(call: () => Promise<T>): Promise<T> => opened.use(call);
  return {
    open: () => opened.open(),
    close: () => opened.close(),
    onAvailable: (listener) => store.onAvailable(listener),
    onHint: (listener) => store.onHint(listener),
    wantHints: (wanted) => store.wantHints(wanted),
    highestTerm: (name) => use(() => store.highestTerm(name)),
    observe: (asked) => use(() => store.observe(asked)),
    settle: (epoch, wait) => use(() => store.settle(epoch, wait)),
    compareAndSetLease: (name, expected, next) => use(() => store.compareAndSetLease(name, expected, next)),
    insertTerm: (record) => use(() => store.insertTerm(record)),
    beat: (tenure, beat, progress, isEarly) => use(() => store.beat(tenure, beat, progress, isEarly)),
    release: (tenure, beat, progress, died) => use(() => store.release(tenure, beat, progress, died)),
    releaseDead: (tenure) => use(() => store.releaseDead(tenure)),
    trimTerms: (name, below) => use(() => store.trimTerms(name, below)),
    putMember: (member) => use(() => store.putMember(member)),
    removeMember: (id) => use(() => store.removeMember(id)),
    putNotice: (notice) => use(() => store.putNotice(notice)),
    readNotices: (name) => use(() => store.readNotices(name)),
    listMembers: (name) => use(() => store.listMembers(name)),
    readOrders: (asked) => use(() => store.readOrders(asked)),
    writeOrders: (name, expected, change) => use(() => store.writeOrders(name, expected, change)),
    putDrain: (drain) => use(() => store.putDrain(drain)),
    removeDrain: (key) => use(() => store.removeDrain(key)),
    listDrains: () => use(() => store.listDrains()),
    putPreferred: (preferred) => use(() => store.putPreferred(preferred)),
    putPresence: (presence) => use(() => store.putPresence(presence)),
    readPresences: (known) => use(() => store.readPresences(known)),
    putSuccess: (success) => use(() => store.putSuccess(success)),
    findSuccess: (name, key) => use(() => store.findSuccess(name, key)),
    clockAhead: () => use(() => store.clockAhead()),
    takeSlot: (take) => use(() => store.takeSlot(take)),
    many: manyOnUse(many, use),
    schedules: schedulesOnUse(schedules, use),
    tasks: tasksOnUse(tasks, use),
    outbox: outboxOnUse(outbox, use),
  };
}

function outboxOnUse(outbox: OutboxStore, use: OpenedStore['use']): OutboxStore {
  return {
    putEntries: (name, entries) => use(() => outbox.putEntries(name, entries)),
    namesWaiting: (names, now) => use(() => outbox.namesWaiting(names, now)),
    readEntries: (name, now, most) => use(() => outbox.readEntries(name, now, most)),
    markEntries: (name, entries) => use(() => outbox.markEntries(name, entries)),
    refuseEntries: (name, entries) => use(() => outbox.refuseEntries(name, entries)),
    removeEntries: (name, entries) => use(() => outbox.removeEntries(name, entries)),
    outboxPlace: () => use(() => outbox.outboxPlace()),
  };
}

function tasksOnUse(tasks: TaskStore, use: OpenedStore['use']): TaskStore {
  return {
    addTasks: (name, added, maxQueue) => use(() => tasks.addTasks(name, added, maxQueue)),
    relayTasks: (tenure, relayed, since) => use(() => tasks.relayTasks(tenure, relayed, since)),
    queueState: (name) => use(() => tasks.queueState(name)),
    tasksAfter: (name, seq, limit) => use(() => tasks.tasksAfter(name, seq, limit)),
    acknowledge: (tenure, acknowledgement) => use(() => tasks.acknowledge(tenure, acknowledgement)),
    setAttempts: (tenure, record) => use(() => tasks.setAttempts(tenure, record)),
    clearAttempts: (name, seq, recordedBy) => use(() => tasks.clearAttempts(name, seq, recordedBy)),
    setCheckpoint: (tenure, checkpoint) => use(() => tasks.setCheckpoint(tenure, checkpoint)),
    trimTasks: (name, through) => use(() => tasks.trimTasks(name, through)),
    countTasks: (name) => use(() => tasks.countTasks(name)),
    countDeadLetters: (name) => use(() => tasks.countDeadLetters(name)),
    putDeadLetter: (letter) => use(() => tasks.putDeadLetter(letter)),
    oldestDeadLetter: (name, id) => use(() => tasks.oldestDeadLetter(name, id)),
    deadLettersAfter: (name, seq, limit) => use(() => tasks.deadLettersAfter(name, seq, limit)),
    deadLetterAt: (name, seq) => use(() => tasks.deadLetterAt(name, seq)),
    claimDeadLetter: (name, seq, expected, claim) => use(() => tasks.claimDeadLetter(name, seq, expected, claim)),
    removeDeadLetter: (name, seq) => use(() => tasks.removeDeadLetter(name, seq)),
    putOutcomes: (name, outcomes) => use(() => tasks.putOutcomes(name, outcomes)),
    readOutcomes: (name, ids, later) => use(() => tasks.readOutcomes(name, ids, later)),
    trimOutcomes: (name, before) => use(() => tasks.trimOutcomes(name, before)),
    ...changesOnUse(tasks, use),
  };
}

function changesOnUse(changes: ChangeStore, use: OpenedStore['use']): ChangeStore {
  return {
    findTask: (name, id) => use(() => changes.findTask(name, id)),
    putChange: (change, most) => use(() => changes.putChange(change, most)),
    openChanges: (name, limit, except) => use(() => changes.openChanges(name, limit, except)),
    takeChange: (name, id, term) => use(() => changes.takeChange(name, id, term)),
    answerChange: (name, id, term, answer) => use(() => changes.answerChange(name, id, term, answer)),
    readAnswer: (name, id) => use(() => changes.readAnswer(name, id)),
    removeChange: (name, id) => use(() => changes.removeChange(name, id)),
    trimChanges: (name, before) => use(() => changes.trimChanges(name, before)),
    markTask: (tenure, mark) => use(() => changes.markTask(tenure, mark)),
  };
}

function manyOnUse(many: ManyStore, use: OpenedStore['use']): ManyStore {
  return {
    beatAll: (beats) => use(() => many.beatAll(beats)),
    observeAll: (asked) => use(() => many.observeAll(asked)),
    highestTerms: (names) => use(() => many.highestTerms(names)),
    claimAll: (claims) => use(() => many.claimAll(claims)),
    insertTerms: (records) => use(() => many.insertTerms(records)),
    releaseAll: (releases) => use(() => many.releaseAll(releases)),
    readNoticesOf: (names) => use(() => many.readNoticesOf(names)),
    listMembersOf: (names) => use(() => many.listMembersOf(names)),
    putMembers: (members) => use(() => many.putMembers(members)),
    removeMembers: (ids) => use(() => many.removeMembers(ids)),
  };
}

function schedulesOnUse(schedules: ScheduleStore, use: OpenedStore['use']): ScheduleStore {
  return {
    readSchedules: (name, ids) => use(() => schedules.readSchedules(name, ids)),
    findSchedule: (name, id) => use(() => schedules.findSchedule(name, id)),
    writeSchedules: (name, writes) => use(() => schedules.writeSchedules(name, writes)),
    touchSchedules: (name, ids, at) => use(() => schedules.touchSchedules(name, ids, at)),
    pauseSchedule: (name, id, pause) => use(() => schedules.pauseSchedule(name, id, pause)),
    resumeSchedule: (name, id, at) => use(() => schedules.resumeSchedule(name, id, at)),
    deleteSchedule: (name, id, since) => use(() => schedules.deleteSchedule(name, id, since)),
  };
}

class OpenedStore {
  private opening: Promise<void> | undefined;
  private isOpen = false;
  private closed = false;

  constructor(private readonly store: Pick<FullStore, 'open' | 'close'>) {}

  async use<T>(call: () => Promise<T>): Promise<T> {
    if (!this.isOpen || this.closed) await this.open();
    this.mustNotBeClosed();
    return call();
  }

  async open(): Promise<void> {
    this.mustNotBeClosed();
    if (this.isOpen) return;
    this.opening ??= this.attempt();
    await this.opening;
  }

  private async attempt(): Promise<void> {
    try {
      await this.store.open();
      this.isOpen = true;
    } finally {
      this.opening = undefined;
    }
  }

  close(): Promise<void> {
    this.closed = true;
    return this.store.close();
  }

  private mustNotBeClosed(): void {
    if (this.closed) throw new StoreError('ERR_STORE', 'the store is closed');
  }
}
