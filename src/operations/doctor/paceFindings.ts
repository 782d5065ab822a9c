/** From the round trips of a store to the shortest intervals that are safe with it. Pure. */
import { isTooSlow, storeLimits } from '../../coordinator/storeLimits.js';
import { defaultIntervals } from '../../options/intervals.js';
import type { Intervals } from '../../options/options.js';
import { spreadOf } from '../spread.js';
import type { SubsystemView } from '../views.js';
import type { Finding } from './findings.js';

/** Intervals are named in full tenths of a second, and the shortest time to live that is named has this length, in ms. */
const STEP_MS = 100;
const TTL_MIN_MS = 500;
const TTL_MAX_MS = 10 * 60_000;
/** The shortest answers tell little of what a busy machine does, in ms. */
const ROUND_TRIP_MIN_MS = 5;

/** Returns the shortest intervals, in the proportion of the defaults, that leave room for answers of this time. */
export function shortestIntervals(roundTrip: number): Pick<Intervals, 'MASTER' | 'SLAVE' | 'TICKING'> {
  const { MASTER, SLAVE, TICKING } = defaultIntervals;
  const scaled = (ttl: number): Intervals => {
    const part = (ms: number): number => STEP_MS * Math.round((ms * ttl) / (SLAVE + TICKING) / STEP_MS);
    const [master, ticking] = [Math.max(STEP_MS, part(MASTER)), Math.max(STEP_MS, part(TICKING))];
    const slave = Math.max(master + STEP_MS, ttl - ticking);
    return { ...{ INIT: 0, ERROR: 1000, SYNC: 0, POLL: STEP_MS }, MASTER: master, SLAVE: slave, TICKING: ticking };
  };
  let ttl = TTL_MIN_MS;
  const usual = Math.max(ROUND_TRIP_MIN_MS, roundTrip);
  while (ttl < TTL_MAX_MS && isTooSlow(usual, storeLimits(scaled(ttl)))) ttl += STEP_MS;
  const { MASTER: master, SLAVE: slave, TICKING: ticking } = scaled(ttl);
  return { MASTER: master, SLAVE: slave, TICKING: ticking };
}

/** `what`: which commands were measured, such as `reads`. */
export function paceFindings(
  roundTrips: readonly number[],
  isOfWrites: boolean,
  views: readonly Pick<SubsystemView, 'name' | 'ttl'>[],
): Finding[] {
  if (roundTrips.length === 0) return [];
  const pace = spreadOf(roundTrips);
  const { MASTER, SLAVE, TICKING } = shortestIntervals(pace.p99);
  const measured = `${pace.count} ${isOfWrites ? 'writes' : 'reads'} took ${ms(pace.p50)} (median), ${ms(pace.p99)} (p99)`;
  const findings: Finding[] = [
    {
      level: 'good',
      code: 'PACE',
      what: `${measured}; the shortest intervals for that are MASTER ${MASTER}, SLAVE ${SLAVE}, TICKING ${TICKING}`,
      ...(isOfWrites ? {} : { todo: 'measure writes by --write: beats are writes, which the majority must have' }),
    },
  ];
  const short = views.filter(({ ttl }) => ttl !== null && ttl < SLAVE + TICKING);
  if (short.length > 0) {
    findings.push({
      level: 'warning',
      code: 'INTERVALS',
      what: `${short.map(({ name, ttl }) => `${name} (${ttl} ms)`).join(', ')}: a lease lasts less than SLAVE + TICKING = ${SLAVE + TICKING} ms`,
      why: 'a few slow answers cost a healthy master its lease',
      todo: `set intervals.SLAVE to ${SLAVE} and intervals.TICKING to ${TICKING} or more on all members`,
    });
  }
  return findings;
}

function ms(value: number): string {
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`;
}
