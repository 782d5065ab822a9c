/**
 * The slots of jobs that were taken, in MongoDB, beside the leases: a document for each slot, of which the last one of a job
 * stays. Its key is unique, so a slot has one taker also on a server whose updates are not atomic.
 */
import { isSameTake, readSlot, storedSlot, takenSlotId, takenSlotsOf } from '../takenSlotDocuments.js';
import type { SlotTake, TakenSlot } from '../takenSlots.js';
import { type Commands, LEASES } from './commands.js';
import { majority } from './tasks/taskReads.js';

const WHAT = 'takeSlot';

export class MongodbTakenSlots {
  constructor(private readonly commands: Commands) {}

  async take(take: SlotTake): Promise<TakenSlot> {
    const { commands } = this;
    const { name, job, slot, replaces } = take;
    const _id = takenSlotId(name, job, slot);
    if (replaces !== undefined) await commands.delete(WHAT, LEASES, { _id: takenSlotId(name, job, replaces) }, 1);
    const inserted = await commands.insert(WHAT, LEASES, { _id, ...storedSlot(take), at: new Date() });
    const { from: $gte, below: $lt } = takenSlotsOf(name, job);
    const options = { sort: { _id: -1 }, limit: 1, ...majority };
    const [found] = await commands.find(WHAT, LEASES, { _id: { $gte, $lt } }, options);
    // A later one was taken, and it alone stays.
    const last = found === undefined ? { slot, claim: '' } : readSlot(found, commands.where(found._id));
    if (!isSameTake(last, take)) {
      if (inserted) await commands.delete(WHAT, LEASES, { _id }, 1);
      return { taken: false, last: last.slot };
    }
    await commands.delete(WHAT, LEASES, { _id: { $gte, $lt: _id } }, 0);
    return { taken: true };
  }
}
