/** What is searched in CI: some two and a half minutes of one core in all. docs/explain/search.md has the figures. */
import type { ClockName, FaultName, scales } from './setting.ts';
import { faultNames } from './setting.ts';

export interface Plan {
  readonly store: 'atomic' | 'weak';
  readonly clocks: readonly ClockName[];
  readonly scale: keyof typeof scales;
  readonly faults: number;
  readonly kinds: readonly FaultName[];
  /** How many ticks the last member's time to live is shorter than the others'. */
  readonly shorter: number;
  readonly siblings?: true;
}

/** One of each, so the slowest holder meets the fastest standby both ways. */
export const clocksOf: Readonly<Record<2 | 3, readonly ClockName[]>> = {
  2: ['slow', 'fast'],
  3: ['slow', 'fast', 'fast'],
};

const two = { clocks: clocksOf[2], scale: 'medium', shorter: 0 } as const;
const three = { clocks: clocksOf[3], scale: 'small', shorter: 0 } as const;

export const ci: readonly Plan[] = [
  { ...two, store: 'atomic', faults: 1, kinds: faultNames },
  { ...two, store: 'weak', faults: 1, kinds: faultNames },
  // A loser with a shorter time to live, whose lease may stand where the winner's stood.
  { ...two, store: 'weak', faults: 1, kinds: faultNames, shorter: 1 },
  { ...two, store: 'atomic', faults: 2, kinds: ['late', 'pause'] },
  { ...two, store: 'weak', faults: 2, kinds: ['hold', 'gap'] },
  { ...two, scale: 'small', store: 'atomic', faults: 2, kinds: ['wiped', 'late'] },
  // Members that release the lease of one that died, whose calls may still land.
  { ...two, scale: 'small', store: 'atomic', faults: 2, kinds: ['kill', 'late', 'hold'], siblings: true },
  { ...two, scale: 'small', store: 'weak', faults: 2, kinds: ['kill', 'gap', 'hold'], siblings: true },
  // Beats that go out in one command with others, of which not all match.
  { ...two, scale: 'small', store: 'atomic', faults: 2, kinds: ['beside', 'apart', 'late', 'hold'] },
  { ...two, scale: 'small', store: 'weak', faults: 2, kinds: ['apart', 'gap'] },
  { ...two, scale: 'small', store: 'atomic', faults: 2, kinds: ['beside', 'apart', 'wiped'] },
  // A release that lands when its member has claimed again.
  { ...two, store: 'weak', faults: 2, kinds: ['yield', 'hold'] },
  // A release of a hand-over, which lands when others have claimed, or its member has.
  { ...two, scale: 'small', store: 'atomic', faults: 2, kinds: ['handOver', 'rest', 'hold'] },
  { ...two, scale: 'small', store: 'weak', faults: 2, kinds: ['handOver', 'gap'] },
  // All defer at once.
  { ...two, scale: 'small', store: 'atomic', faults: 2, kinds: ['handOver', 'defer'] },
  { ...three, store: 'atomic', faults: 1, kinds: ['handOver', 'rest', 'defer'] },
  { ...three, store: 'atomic', faults: 1, kinds: ['hold', 'late', 'pause', 'resign', 'yield'] },
  { ...three, store: 'weak', faults: 1, kinds: ['hold', 'gap', 'sleep', 'stop'] },
];
