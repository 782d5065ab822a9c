/** Members that stay in `error` long after whatever struck them is over. */
import type { Finding } from './order.ts';
import type { Records } from './records.ts';

/** Tries each ERROR, connections that are made again, and a machine that is slow at it, in ms. */
const RECOVERY = 10_000;

export function stuck({ sights, said, happened, faults, late }: Records): Finding[] {
  const findings: Finding[] = [];
  const since = new Map<string, number>();
  const left = (member: string, at: number): void => {
    const entered = since.get(member);
    if (entered === undefined) return;
    since.delete(member);
    const strikes = faults.filter((fault) => fault.member === member || fault.member === 'all');
    const from = Math.max(
      entered,
      ...strikes.filter((fault) => fault.from < at).map((fault) => Math.min(fault.to, at)),
    );
    const lateness = late.filter((one) => one.at > from && one.at < at).reduce((sum, { ms }) => sum + ms, 0);
    const took = at - from;
    if (took > RECOVERY + lateness) {
      findings.push({ at, text: `${member} was in error for ${took.toFixed(0)} ms, though no fault was on it` });
    }
  };
  const ends = [...happened, ...said].filter(
    ({ what }) => what === 'killed' || what === 'ended' || what === 'stopping',
  );
  const changes = sights.filter(({ to }) => to !== undefined);
  for (const one of [...changes, ...ends].toSorted((a, b) => a.at - b.at)) {
    if ('to' in one && one.to === 'error') since.set(one.member, since.get(one.member) ?? one.at);
    else left(one.member, one.at);
  }
  return findings;
}
