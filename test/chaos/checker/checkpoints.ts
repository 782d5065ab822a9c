/**
 * The checkpoints of tasks: an attempt begins with the last one that was stored before it began, or with one that was asked for after
 * that and may have been stored. Never with an older one, and never with one that was not put down.
 */
import type { Epochs } from './epochs.ts';
import { groupBy } from './groupBy.ts';
import type { Finding } from './order.ts';
import type { LedgerLine, Step } from './records.ts';

export function wrongCheckpoints(ledger: readonly LedgerLine[], again: ReadonlySet<string>, epochs: Epochs): Finding[] {
  const lines = ledger.filter(
    ({ what, id }) => (what === 'saw' || what === 'put' || what === 'kept') && !again.has(id),
  );
  return [...groupBy(lines, ({ id }) => id).values()].flatMap((some) => wrongOf(some, epochs));
}

function wrongOf(unordered: readonly LedgerLine[], epochs: Epochs): Finding[] {
  const lines = unordered.toSorted((a, b) => a.at - b.at);
  return lines.flatMap(({ what, at, step, id, member }, index) => {
    if (what !== 'saw') return [];
    const before = lines.slice(0, index);
    // What a fault has taken, the store may have or not.
    const kept = before.findLast((line) => line.what === 'kept' && !isTaken(line, before, at, epochs));
    const from = before.findIndex((line) => line.what === 'put' && isSame(line.step, kept?.step));
    const mayBe = before.slice(Math.max(0, from)).filter((line) => line.what === 'put');
    const isRight = step === null ? kept === undefined : mayBe.some((line) => isSame(line.step, step));
    if (isRight) return [];
    return [{ at, text: `task ${id} begins on ${member} with ${shown(step)}, and ${shown(kept?.step)} was stored` }];
  });
}

/** Whether a fault may have taken by then what was stored. */
function isTaken(kept: LedgerLine, lines: readonly LedgerLine[], by: number, epochs: Epochs): boolean {
  const put = lines.findLast(({ what, at, step }) => what === 'put' && at <= kept.at && isSame(step, kept.step));
  const sent = put?.at ?? kept.at;
  return epochs.forgets(sent, by, kept.at) && epochs.at(by) > epochs.at(sent);
}

function isSame(a: Step | null | undefined, b: Step | null | undefined): boolean {
  return a?.n === b?.n && a?.term === b?.term && a?.attempt === b?.attempt;
}

function shown(step: Step | null | undefined): string {
  return step ? `step ${step.n} of term ${step.term}, attempt ${step.attempt}` : 'no checkpoint';
}
