/** What the doctor sees of the outbox in MongoDB: which entries no master takes. Each read is limited, and most use the index. */

import { bson } from '../../task/bson.js';
import { chunksOf } from '../../values/chunks.js';
import type { Fields } from '../documents.js';
import { OUTBOX_NAMES_MAX, OUTBOX_REFUSED_MAX, type SeenOutbox, whyRefused } from '../seenOutbox.js';
import type { Commands } from './commands.js';
import { OUTBOX } from './indexes/indexes.js';
import { majority } from './tasks/taskReads.js';

const WHAT = 'outbox';
/** Names in one read. */
const NAMES_MAX = 1000;
/** Entries of one read, and reads in which one name may hide others. */
const FOUND_MAX = 1000;
const ROUNDS_MAX = 20;

type Find = (filter: Fields, limit: number, fields?: Fields) => Promise<Fields[]>;

/** `before`: what was due by then is late. `known`: the names that members have. */
export async function lookAtOutbox(commands: Commands, known: readonly string[], before: Date): Promise<SeenOutbox> {
  const find: Find = (filter, limit, fields = {}) => {
    const projection = { _id: 0, name: 1, ...fields };
    return commands.find(WHAT, OUTBOX, filter, { limit, projection, ...majority });
  };
  const chunks = chunksOf(known, NAMES_MAX);
  // More names than that are not excluded in one read.
  const unknown = known.length <= NAMES_MAX ? await unknownNames(find, known) : { found: [], isWhole: false };
  const late = { found: new Set<string>(), rounds: 0 };
  for (const names of chunks) await findLate(find, names, before, late);
  const refused: Fields[] = [];
  for (const names of chunks) {
    const limit = OUTBOX_REFUSED_MAX - refused.length;
    // As a limit 0 is none.
    if (limit <= 0) break;
    refused.push(...(await find({ name: { $in: names }, refused: { $ne: null } }, limit, { refused: 1 })));
  }
  return {
    unknown: unknown.found,
    late: [...late.found],
    refused: refused.map(({ name, refused: value }) => ({ name: String(name), why: whyRefused(value) })),
    isWhole: unknown.isWhole && late.rounds <= ROUNDS_MAX,
  };
}

async function unknownNames(
  find: Find,
  known: readonly string[],
): Promise<{ readonly found: (string | null)[]; readonly isWhole: boolean }> {
  const texts: string[] = [];
  let hasOthers = false;
  while (texts.length < OUTBOX_NAMES_MAX) {
    const $nin = [...known, ...texts];
    // Nothing that is comparable tells those from others whose name is no text, so they are found once.
    const [found] = await find({ name: hasOthers ? { $gte: '', $nin } : { $nin } }, 1);
    if (found === undefined) return { found: [...texts, ...(hasOthers ? [null] : [])], isWhole: true };
    if (typeof found.name === 'string') texts.push(found.name);
    else if (hasOthers) break;
    else hasOthers = true;
  }
  return { found: [...texts, ...(hasOthers ? [null] : [])], isWhole: false };
}

/** Finds the names whose entries are late. One with many entries hides the others: these are asked for again. */
async function findLate(
  find: Find,
  names: readonly string[],
  before: Date,
  late: { readonly found: Set<string>; rounds: number },
): Promise<void> {
  const isRefused = { refused: { $ne: null } };
  const wasMadeLater = { _id: { $gt: bson.ObjectId.createFromTime(Math.floor(before.getTime() / 1000)) } };
  // When it is due says one that has a time, and else when it was made. One that does not say either counts as late.
  const filters: ((name: Fields) => Fields)[] = [
    (name) => ({ name, at: { $lte: before }, $nor: [isRefused] }),
    ...[null, { $gte: Number.NEGATIVE_INFINITY }, { $gte: '' }].map((at) => (name: Fields) => ({
      name,
      at,
      $nor: [isRefused, wasMadeLater],
    })),
  ];
  for (const filter of filters) {
    let left = names.filter((name) => !late.found.has(name));
    for (let isWhole = false; !isWhole && left.length > 0; left = left.filter((name) => !late.found.has(name))) {
      const entries = await find(filter({ $in: left }), FOUND_MAX);
      for (const { name } of entries) if (typeof name === 'string') late.found.add(name);
      isWhole = entries.length < FOUND_MAX;
      if (!isWhole) late.rounds += 1;
      if (late.rounds > ROUNDS_MAX) return;
    }
  }
}
