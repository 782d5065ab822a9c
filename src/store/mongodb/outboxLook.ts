/** What the doctor sees of the outbox in MongoDB: which entries no master takes. Each read is limited, and most use the index. */
import type { Fields } from '../documents.js';
import { OUTBOX_NAMES_MAX, type SeenOutbox } from '../seenOutbox.js';
import type { Commands } from './commands.js';
import { OUTBOX } from './indexes/indexes.js';
import { majority } from './tasks/taskReads.js';

const WHAT = 'outbox';
const KNOWN_MAX = 1000;
const REFUSED_MAX = 20;
/** Entries of one transaction are together, and one that has a later time does not hide them. */
const FIRST_MAX = 50;

/** `before`: what was due by then is late. `known`: the names that members have. */
export async function lookAtOutbox(commands: Commands, known: readonly string[], before: Date): Promise<SeenOutbox> {
  const names = known.slice(0, KNOWN_MAX);
  const find = (filter: Fields, limit: number, fields: Fields): Promise<Fields[]> =>
    commands.find(WHAT, OUTBOX, filter, { limit, projection: fields, ...majority });
  const unknown = new Set<string | null>();
  if (known.length <= KNOWN_MAX) {
    while (unknown.size < OUTBOX_NAMES_MAX) {
      const texts = [...unknown].filter((name) => name !== null);
      const [found] = await find({ name: { $nin: [...names, ...texts] } }, 1, { name: 1 });
      if (found === undefined) break;
      const isText = typeof found.name === 'string';
      unknown.add(isText ? String(found.name) : null);
      // Nothing that is comparable tells them from others.
      if (!isText) break;
    }
  }
  const open = { name: { $in: names }, refused: null };
  const late = new Set<string>();
  for (const each of await find({ ...open, due: true }, FIRST_MAX, { name: 1, at: 1, _id: 1 })) {
    if (isBefore(each, before)) late.add(String(each.name));
  }
  for (const each of await find({ ...open, due: null, at: { $lte: before } }, FIRST_MAX, { name: 1 })) {
    late.add(String(each.name));
  }
  for (const each of await find({ ...open, due: null, at: null }, FIRST_MAX, { name: 1, _id: 1 })) {
    if (isBefore(each, before)) late.add(String(each.name));
  }
  const refused = await find({ name: { $in: names }, refused: { $ne: null } }, REFUSED_MAX, { name: 1, refused: 1 });
  return {
    unknown: [...unknown],
    late: [...late],
    refused: refused.map(({ name, refused: why }) => ({ name: String(name), why: String(why) })),
  };
}

/** Returns whether it was written, or due, by then. One that does not say counts as one that was. */
function isBefore({ at, _id }: Fields, before: Date): boolean {
  if (at instanceof Date) return at <= before;
  const made = (_id as { getTimestamp?: () => Date } | null)?.getTimestamp;
  return typeof made !== 'function' || Reflect.apply(made, _id, []) <= before;
}
