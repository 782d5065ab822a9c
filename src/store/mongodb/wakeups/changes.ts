/**
 * Which changes of our collections members wait for, as a server filters them, and what a change is a hint about. Beats are
 * not among them, nor is anything else that comes again and again, so an idle subsystem has no events.
 */
import { type Fields, isFields } from '../../documents.js';
import type { Hint, HintTopic, WantedHints } from '../../store.js';
import { LEASES, leaseId } from '../commands.js';
import { DRAIN, ordersId } from '../mongodbOrders.js';
import { TASKS } from '../tasks/taskReads.js';

export const topics: readonly HintTopic[] = ['lease', 'tasks'];
export const collections: Readonly<Record<HintTopic, string>> = { lease: LEASES, tasks: TASKS };

/** With more names the server tells of all, because it compares each change with each name. */
const NAMES_MAX = 1000;
/** How the ids of documents begin that are about one subsystem, and have no field for its name in each change. */
const ORDERS = ordersId('');
const LEASE = leaseId('');

/** The collection has gone, with all that members knew of it. */
const gone: Fields = { operationType: { $in: ['drop', 'rename', 'dropDatabase', 'invalidate'] } };

/** Returns the stages that follow `$changeStream`. */
export function filterOf(topic: HintTopic, names: readonly string[]): Fields[] {
  const ofName = names.length > NAMES_MAX ? { $type: 'string' } : { $in: names };
  // Those of a term, which end a claim, or tasks.
  const inserted = { operationType: 'insert', 'fullDocument.name': ofName };
  const wanted = topic === 'tasks' ? [gone, inserted] : [gone, inserted, ...leaseChanges(names)];
  // Without the rest, such as the payload of a task.
  return [{ $match: { $or: wanted } }, { $project: { operationType: 1, documentKey: 1, 'fullDocument.name': 1 } }];
}

function leaseChanges(names: readonly string[]): Fields[] {
  const ofOrders = names.length > NAMES_MAX ? { $regex: `^${ORDERS}` } : { $in: names.map(ordersId) };
  const ofLease = names.length > NAMES_MAX ? { $regex: `^${LEASE}` } : { $in: names.map(leaseId) };
  return [
    // A release, and no beat: that leaves the holder as it is.
    {
      operationType: 'update',
      'documentKey._id': ofLease,
      'updateDescription.updatedFields.holder': { $type: 'null' },
    },
    { operationType: { $in: ['insert', 'update', 'replace', 'delete'] }, 'documentKey._id': ofOrders },
    { operationType: { $in: ['insert', 'delete'] }, 'documentKey._id': { $regex: `^${DRAIN}` } },
  ];
}

/** Returns one hint for all changes of one answer. */
export function hintOf(topic: HintTopic, changes: readonly Fields[]): Hint {
  const names = new Set(changes.map(nameIn));
  return { topic, concerns: (name) => names.has(undefined) || names.has(name) };
}

/** Returns a hint for each topic that is wanted, about all names. */
export function hintsAtAll(wanted: WantedHints): Hint[] {
  return topics.filter((topic) => wanted[topic].length > 0).map((topic) => ({ topic, concerns: () => true }));
}

/** Returns undefined for a change that may be about all. */
function nameIn({ fullDocument, documentKey }: Fields): string | undefined {
  if (isFields(fullDocument) && typeof fullDocument.name === 'string') return fullDocument.name;
  const id = isFields(documentKey) ? documentKey._id : undefined;
  if (typeof id !== 'string') return undefined;
  const prefix = [LEASE, ORDERS].find((one) => id.startsWith(one));
  return prefix === undefined ? undefined : id.slice(prefix.length);
}
