/** The calls of a store, as they run within one transaction. */
import type { EmbeddedCalls } from './calls.js';
import { changesOn } from './changes.js';
import type { Entries } from './environment.js';
import { inspectionOn } from './inspection.js';
import { Leases, type StoreFacts } from './leases.js';
import { manyOn } from './manyCalls.js';
import { EmbeddedOrders } from './orders.js';
import { outboxOn } from './outbox.js';
import { outboxLookOn } from './outboxLook.js';
import { outcomesOn } from './outcomes.js';
import { EmbeddedPresences } from './presences.js';
import { schedulesOn } from './schedules.js';
import { Tasks } from './tasks.js';

export function operationsOn(entries: Entries, store: StoreFacts): EmbeddedCalls {
  const orders = new EmbeddedOrders(entries, store);
  const leases = new Leases(entries, store, orders);
  const tasks = new Tasks(entries, store);
  const presences = new EmbeddedPresences(entries, store);
  return {
    ...inspectionOn(entries, store),
    ...outboxLookOn(entries),
    ...manyOn(entries, leases),
    ...outboxOn(entries, store),
    ...schedulesOn(entries, store),
    ...changesOn(entries, store),
    ...queueOn(tasks),
    ...outcomesOn(entries, store, tasks),
    open: () => {},
    settle: (epoch, wait) => leases.settle(epoch, wait),
    highestTerm: (name) => leases.highestTerm(name),
    observe: (asked) => leases.observe(asked),
    compareAndSetLease: (name, expected, next) => leases.compareAndSetLease(name, expected, next),
    insertTerm: (record) => leases.insertTerm(record),
    beat: (tenure, beat, progress) => leases.beat(tenure, beat, progress),
    release: (tenure, beat, progress, died) => leases.release(tenure, beat, progress, died),
    releaseDead: (tenure) => leases.releaseDead(tenure),
    trimTerms: (name, below) => leases.trimTerms(name, below),
    putMember: (member) => leases.putMember(member),
    removeMember: (id) => leases.removeMember(id),
    removeOldMembers: () => leases.removeOldMembers(),
    putNotice: (notice) => leases.putNotice(notice),
    readNotices: (name) => leases.readNotices(name),
    listMembers: (name) => leases.listMembers(name),
    readOrders: (asked) => orders.readOrders(asked),
    writeOrders: (name, expected, change) => orders.writeOrders(name, expected, change),
    putDrain: (drain) => orders.putDrain(drain),
    removeDrain: (key) => orders.removeDrain(key),
    listDrains: () => orders.listDrains(),
    putPreferred: (preferred) => orders.putPreferred(preferred),
    putPresence: (presence) => presences.putPresence(presence),
    readPresences: (known) => presences.readPresences(known),
    putSuccess: (success) => leases.putSuccess(success),
    findSuccess: (name, key) => leases.findSuccess(name, key),
    takeSlot: (take) => leases.takeSlot(take),
  };
}

function queueOn(tasks: Tasks) {
  return {
    addTasks: (name, packed, maxQueue) => tasks.addTasks(name, packed, maxQueue),
    relayTasks: (tenure, packed) => tasks.relayTasks(tenure, packed),
    queueState: (name) => tasks.queueState(name),
    tasksAfter: (name, seq, limit) => tasks.tasksAfter(name, seq, limit),
    setAttempts: (tenure, record) => tasks.setAttempts(tenure, record),
    clearAttempts: (name, seq, recordedBy) => tasks.clearAttempts(name, seq, recordedBy),
    trimTasks: (name, through) => tasks.trimTasks(name, through),
    countTasks: (name) => tasks.countTasks(name),
    countDeadLetters: (name) => tasks.countDeadLetters(name),
    putDeadLetter: (letter) => tasks.putDeadLetter(letter),
    oldestDeadLetter: (name, id) => tasks.oldestDeadLetter(name, id),
    deadLettersAfter: (name, seq, limit) => tasks.deadLettersAfter(name, seq, limit),
    deadLetterAt: (name, seq) => tasks.deadLetterAt(name, seq),
    claimDeadLetter: (name, seq, expected, claim) => tasks.claimDeadLetter(name, seq, expected, claim),
    removeDeadLetter: (name, seq) => tasks.removeDeadLetter(name, seq),
    setCheckpoint: (tenure, checkpoint) => tasks.setCheckpoint(tenure, checkpoint),
  } satisfies Partial<EmbeddedCalls>;
}
