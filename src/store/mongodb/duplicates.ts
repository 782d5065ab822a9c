/** Finds ids that are stored more than once, which only happens while the unique index is not there. */
import { type Fields, isFields } from '../documents.js';
import { show } from './indexes.js';
import { TASKS, taskKey } from './taskReads.js';

/** How many of them a message names. */
const SHOWN_MAX = 3;

/** Returns a sentence for each of the first few ids that are stored twice; none if there are none. */
export async function duplicates(send: (command: Fields) => Promise<Fields>): Promise<string[]> {
  const pipeline = [
    {
      $group: {
        _id: { name: '$name', key: '$key' },
        count: { $sum: 1 },
        first: { $min: '$seq' },
        last: { $max: '$seq' },
      },
    },
    { $match: { count: { $gt: 1 } } },
    { $limit: SHOWN_MAX },
  ];
  const { cursor } = await send({ aggregate: TASKS, pipeline, cursor: {} });
  const found: unknown = isFields(cursor) ? cursor.firstBatch : undefined;
  return Array.isArray(found) ? found.filter(isFields).map(sentence) : [];
}

function sentence({ _id, count, first, last }: Fields): string {
  const { name, key } = isFields(_id) ? _id : {};
  const [one, other] = [taskKey(String(name), Number(first)), taskKey(String(name), Number(last))];
  return `The id ${show(key)} of ${show(name)} is there ${String(count)} times, as ${show(one)} and ${show(other)}.`;
}
