/** Finds ids that are stored more than once, which only happens while the unique index is not there. */
import { type Fields, isFields } from '../../documents.js';
import { show } from '../indexes/indexes.js';
import { TASKS } from './taskReads.js';

/** How many of them a message names, and how many tasks of each. */
const SHOWN_MAX = 3;

type Send = (command: Fields) => Promise<Fields>;

/** Returns a sentence for each of the first few ids that are stored twice; none if there are none. */
export async function duplicates(send: Send): Promise<string[]> {
  const pipeline = [
    { $group: { _id: { name: '$name', key: '$key' }, count: { $sum: 1 } } },
    { $match: { count: { $gt: 1 } } },
    { $limit: SHOWN_MAX },
  ];
  const groups = await batch(send({ aggregate: TASKS, pipeline, cursor: {} }));
  return Promise.all(groups.map(({ _id, count }) => sentence(send, isFields(_id) ? _id : {}, count)));
}

async function sentence(send: Send, { name, key }: Fields, count: unknown): Promise<string> {
  const one = { filter: { name, key }, sort: { seq: 1 }, limit: SHOWN_MAX, projection: { _id: 1 }, singleBatch: true };
  const ids = (await batch(send({ find: TASKS, ...one }))).map(({ _id }) => show(_id));
  return `The id ${show(key)} of ${show(name)} is there ${String(count)} times, as ${ids.join(' and ')}.`;
}

async function batch(reply: Promise<Fields>): Promise<Fields[]> {
  const { cursor } = await reply;
  const found: unknown = isFields(cursor) ? cursor.firstBatch : undefined;
  return Array.isArray(found) ? found.filter(isFields) : [];
}
