/** The documents of slots that were taken, in both stores. */
import { DocumentReader, type Fields } from './documents.js';
import type { SlotTake } from './takenSlots.js';

/** Of the latest time that a date can hold. */
const SLOT_DIGITS = 16;

/** Returns the key of its document. They sort by the slot, and no name and job have those of others. */
export function takenSlotId(name: string, job: string, slot: number): string {
  return `${prefixOf(name, job)}${String(slot).padStart(SLOT_DIGITS, '0')}`;
}

/** Returns the range of the keys of a job. */
export function takenSlotsOf(name: string, job: string): { readonly from: string; readonly below: string } {
  const prefix = prefixOf(name, job);
  // The character after the slash.
  return { from: prefix, below: `${prefix.slice(0, -1)}0` };
}

function prefixOf(name: string, job: string): string {
  return `slot/${name.length}/${name}/${job.length}/${job}/`;
}

/** Returns the fields of its document. None is called `name`: those documents are the records of terms. */
export function storedSlot({ name, job, slot, claim, term, holder }: SlotTake): Fields {
  return { subsystem: name, job, slot, claim, under: term, holder };
}

/** Reads the document of a slot. */
export function readSlot(document: unknown, where: string): Pick<SlotTake, 'slot' | 'claim'> {
  const reader = new DocumentReader(document, where);
  return { slot: reader.count('slot'), claim: reader.text('claim') };
}

/** Returns whether a take is the one that is on record. */
export function isSameTake(found: Pick<SlotTake, 'slot' | 'claim'>, { slot, claim }: SlotTake): boolean {
  return found.slot === slot && found.claim === claim;
}
