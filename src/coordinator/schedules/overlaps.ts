/** Finds which of the last tasks of schedules may be queued. Numbers begin again where the tasks or the leases were dropped. */
import type { StoredSchedule } from '../../store/schedules.js';
import type { SlotAdder } from './slotAdder.js';

/** Returns up to which number the queue has tasks, as far as the last tasks of these schedules go; `done` if none of them waits. */
export async function tasksUpTo(
  rows: readonly StoredSchedule[],
  done: number,
  adder: Pick<SlotAdder, 'reaches'>,
): Promise<number> {
  const last = rows.flatMap(({ overlap, lastSeq }) => (overlap === 'skip' ? (lastSeq ?? 0) : 0));
  const open = [...new Set(last)].filter((seq) => seq > done).sort((a, b) => b - a);
  // Mostly the highest is there. If not, a search by halves finds the highest that is.
  let [from, to] = [0, open.length];
  for (let middle = 0; from < to; middle = (from + to) >> 1) {
    if (await adder.reaches(open[middle] ?? 0)) to = middle;
    else from = middle + 1;
  }
  return open[from] ?? done;
}
