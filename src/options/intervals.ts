/**
 * The intervals: their defaults, their limits, and the checks against each other. Whatever passes here lets a healthy
 * master keep its lease and a standby see it in time; the messages say which of the two would break.
 */

import { showValue } from '../diagnostics/showValue.js';
import { InvalidOptionError } from '../errors.js';
import { checkNumber, readFields, TIMER_MAX_MS } from './checks.js';
import { defaultGrace, graceFits } from './leaseTimes.js';
import type { IntervalName, Intervals } from './options.js';

/** The defaults of the original, in ms. POLL and SYNC follow from the others. */
export const defaultIntervals = { INIT: 0, MASTER: 2000, SLAVE: 2500, TICKING: 2000, ERROR: 5000 } as const;

const names: readonly IntervalName[] = ['INIT', 'MASTER', 'SLAVE', 'TICKING', 'ERROR', 'POLL', 'SYNC'];

const lower: Readonly<Record<IntervalName, Lowercase<IntervalName>>> = {
  INIT: 'init',
  MASTER: 'master',
  SLAVE: 'slave',
  TICKING: 'ticking',
  ERROR: 'error',
  POLL: 'poll',
  SYNC: 'sync',
};

/** The rest is at least 1: a timer waits no less, and a store must not be asked without a pause. */
const mayBeZero: readonly IntervalName[] = ['INIT', 'SYNC'];

/** @throws InvalidOptionError */
export function resolveIntervals(given: unknown = {}): Intervals {
  const fields = readFields(given, 'intervals', [...names, ...names.map((name) => lower[name])]);
  const set: Partial<Record<IntervalName, number>> = {};
  for (const name of names) {
    const upperCase = fields[name];
    const lowerCase = fields[lower[name]];
    if (upperCase !== undefined && lowerCase !== undefined && !Object.is(upperCase, lowerCase)) {
      throw new InvalidOptionError(
        `intervals.${name} (${showValue(upperCase)}) and intervals.${lower[name]} (${showValue(lowerCase)}) are the same interval with two values`,
      );
    }
    const value = upperCase === undefined ? lowerCase : upperCase;
    if (value === undefined) continue;
    const path = `intervals.${upperCase === undefined ? lower[name] : name}`;
    set[name] = checkNumber(value, path, { min: mayBeZero.includes(name) ? 0 : 1, max: TIMER_MAX_MS });
  }
  const { MASTER, SLAVE, TICKING, ...others } = { ...defaultIntervals, ...set };
  const intervals = {
    ...others,
    MASTER,
    SLAVE,
    TICKING,
    POLL: set.POLL ?? Math.max(1, Math.min(500, SLAVE / 5, TICKING)),
    SYNC: set.SYNC ?? Math.min(250, MASTER / 8),
  };
  checkTogether(intervals, (name) => `intervals.${name} (${intervals[name]}${name in set ? '' : ' by default'})`);
  return intervals;
}

function checkTogether(intervals: Intervals, show: (name: IntervalName) => string): void {
  const { MASTER, SLAVE, TICKING, POLL, SYNC } = intervals;
  if (MASTER >= SLAVE) {
    throw new InvalidOptionError(
      `${show('MASTER')} must be less than ${show('SLAVE')}, or every standby doubts a healthy master between two of its beats`,
    );
  }
  if (POLL >= SLAVE) {
    throw new InvalidOptionError(
      `${show('POLL')} must be less than ${show('SLAVE')}, or a standby doubts the master without having looked`,
    );
  }
  if (POLL > TICKING) {
    throw new InvalidOptionError(
      `${show('POLL')} must be at most ${show('TICKING')}, or a standby that doubts the master claims without a second look`,
    );
  }
  if (SYNC > MASTER) {
    throw new InvalidOptionError(
      `${show('SYNC')} must be at most ${show('MASTER')}: progress travels with every beat anyhow`,
    );
  }
  const grace = defaultGrace(intervals);
  if (!graceFits(grace, intervals)) {
    throw new InvalidOptionError(
      `${show('MASTER')} + ${show('POLL')} + the grace (${grace}) must be less than 95 % of ${show('SLAVE')} + ${show('TICKING')}, ` +
        'or a master that misses one beat has to stop work before the next is answered',
    );
  }
}
