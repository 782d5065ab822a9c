/**
 * What the answer to one update of many leases says of each of them. A server answers with the sum of matches, and not with
 * one for each statement. Pure.
 *
 * If the sum is the number that was sent, all have matched, and if it is 0, none. Anything between says only how many. Then
 * the leases are looked at: one that shows the mark of that very command was written by it, also if its holder has beaten since.
 * That counts only if it are as many as the sum says: another command may have written over the mark. A look alone confirms
 * nothing: it may show what no majority will ever have, while the sum was acknowledged by one.
 * Rule 5: docs/explain/protocol.md#rule-5-an-unknown-outcome-makes-no-master
 */

/** Whether a statement has matched; null: that is not known. */
export type Match = boolean | null;

/** Returns what the sum says of each of the `sent` statements; null: the leases must be looked at. */
export function bySum(sent: number, sum: number): boolean | null {
  if (sum === sent) return true;
  return sum === 0 ? false : null;
}

/** Returns what the sum says together with a look that came after it; `shown`: for each statement, whether its lease has the mark. */
export function byLook(sum: number, shown: readonly boolean[]): Match[] {
  const count = shown.filter((each) => each).length;
  return shown.map((each) => (count === sum ? each : null));
}
