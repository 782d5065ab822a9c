/**
 * Which slots are known to be settled, in the store. A task of a slot does not begin before its slot is: a task that has
 * ended, and may be trimmed, is then never stored again for its slot.
 */
import { readOrigin } from '../../schedules/slots.js';

export class SettledSlots {
  /** By schedule: all slots up to here are settled. */
  private readonly through = new Map<string, number>();
  /** By schedule: up to which slot tasks wait to begin. */
  private readonly wanted = new Map<string, number>();

  /** Takes what was read of a schedule, or written. */
  note(id: string, cursor: number): void {
    this.through.set(id, Math.max(cursor, this.through.get(id) ?? 0));
    if ((this.wanted.get(id) ?? 0) <= cursor) this.wanted.delete(id);
  }

  /** Returns whether a task of this origin may begin. If not, its slot is to be settled. */
  mayBegin(origin: string): boolean {
    const found = readOrigin(origin);
    if (found === null) return true;
    const { id, slot } = found;
    if ((this.through.get(id) ?? 0) >= slot) return true;
    this.wanted.set(id, Math.max(slot, this.wanted.get(id) ?? 0));
    return false;
  }

  /** Returns up to which slot each schedule is to be settled, as its tasks wait to begin. */
  get waiting(): ReadonlyMap<string, number> {
    return this.wanted;
  }
}
