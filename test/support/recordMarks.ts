/** Which of two records of a task is the later one: for the stores that stand in for real ones. */
import type { RecordMark } from '../../src/store/taskStore.ts';

export function isLater(mark: RecordMark, last: RecordMark | null): boolean {
  return last === null || mark.term > last.term || (mark.term === last.term && mark.number > last.number);
}

export function isSame(a: RecordMark | null, b: RecordMark | null): boolean {
  return a?.term === b?.term && a?.number === b?.number;
}
