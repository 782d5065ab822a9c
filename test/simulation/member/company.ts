/**
 * Leases of others, whose beats go out in one command with that of a simulated process. There is one subsystem in a world, so
 * the others are names alone: each says what becomes of its beat.
 */
import type { Beat } from '../../../src/store/manyStore.ts';
import { byLook, bySum, type Match } from '../../../src/store/matches.ts';

/** `beaten`: it matches. `gone`: it does not. `overwritten`: it matches, and is gone before it is looked at. */
const strangers = ['beaten', 'gone', 'overwritten'] as const;
const PREFIX = 'stranger/';

/** Draws beats that go out beside one. Most are held, as those of a healthy process. */
export function drawCompany(random: () => number): Beat[] {
  return Array.from({ length: Math.floor(random() * 4) }, (_, index) => {
    const drawn = random();
    const kind = drawn < 0.6 ? 'beaten' : (strangers[Math.floor(random() * strangers.length)] ?? 'gone');
    const tenure = { name: `${PREFIX}${kind}/${index}`, term: 1, holder: 'stranger' };
    return { tenure, beat: 1, progress: { identifier: null, count: 0, recent: [] } };
  });
}

export function isStranger({ tenure }: Beat): boolean {
  return tenure.name.startsWith(PREFIX);
}

/**
 * Says what a store makes of the answer to one command with this beat and those of strangers. `shown` looks at the lease, and is
 * called only if the sum does not tell.
 */
export function answerTo(beats: readonly Beat[], matched: boolean, shown: () => boolean): Match[] {
  const isBeaten = beats.map((beat) => (isStranger(beat) ? !beat.tenure.name.includes('/gone/') : matched));
  const sum = isBeaten.filter((each) => each).length;
  const all = bySum(beats.length, sum);
  if (all !== null) return beats.map(() => all);
  return byLook(
    sum,
    beats.map((beat) => (isStranger(beat) ? beat.tenure.name.includes('/beaten/') : shown())),
  );
}
