/** What becomes of tasks that come from the outbox, for those who wait for them: by their entries first, and then by their origins. */
import { bson } from '../../../task/bson.js';
import type { LaterTask, SeenLater } from '../../taskStore.js';
import type { Commands } from '../commands.js';
import { OUTBOX } from '../indexes/indexes.js';
import { delayedId, originOf } from './entryIds.js';
import { majority } from './taskReads.js';

/** A stored task, as it is found by its id. */
export interface OriginatedTask {
  readonly seq: number;
  readonly origin: unknown;
}

/** Returns the origin of each task whose entry is there, and null for the others. */
export async function originsWaiting(
  commands: Commands,
  name: string,
  later: readonly LaterTask[],
): Promise<(string | null)[]> {
  if (later.length === 0) return [];
  const keys = later.map(({ id, key }) => (key === null ? delayedId(name, id) : new bson.ObjectId(key)));
  const options = { limit: keys.length, projection: { origin: 1 }, ...majority };
  const found = await commands.find('readOutcomes', OUTBOX, { _id: { $in: keys } }, options);
  const origins = new Map(found.map((document) => [String(document._id), originOf(document)]));
  return keys.map((key) => origins.get(String(key)) ?? null);
}

/** `waiting`: the origin in its entry, if that is there. `stored`: the task that has its id. */
export function seenLater(
  { key, origin: given }: LaterTask,
  waiting: string | null,
  stored: OriginatedTask | undefined,
): SeenLater {
  const own = given === null || key === null ? given : originOf({ _id: new bson.ObjectId(key), origin: given });
  const origin = own ?? waiting;
  const isStored = origin !== null && stored?.origin === origin;
  return { origin, waits: waiting !== null && waiting === origin, seq: isStored ? stored.seq : null };
}
