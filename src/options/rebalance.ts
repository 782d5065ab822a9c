/** The option `rebalance`: when a process gives masterships away because it has more than its share. */
import { showValue } from '../diagnostics/showValue.js';
import { InvalidOptionError } from '../errors.js';
import { checkNumber, isObject, readFields } from './checks.js';

const DAY_MS = 24 * 60 * 60 * 1000;

/** Holds the rules, all times in ms. */
export interface ResolvedRebalance {
  readonly settle: number;
  /** From 0 to 1. */
  readonly threshold: number;
  readonly every: number;
  readonly patience: number;
  readonly rest: number;
}

/** @throws InvalidOptionError */
export function resolveRebalance(given: unknown): ResolvedRebalance | null {
  if (given === undefined || given === false) return null;
  if (given !== true && !isObject(given)) {
    throw new InvalidOptionError(`rebalance must be true, false or an object, not ${showValue(given)}`);
  }
  const names = ['settle', 'threshold', 'every', 'patience', 'rest'] as const;
  const fields = readFields(given === true ? {} : given, 'rebalance', names);
  const time = (name: (typeof names)[number], min: number, fallback: number): number =>
    checkNumber(fields[name], `rebalance.${name}`, { min, max: DAY_MS, fallback });
  return {
    settle: time('settle', 0, 60_000),
    threshold: checkNumber(fields.threshold, 'rebalance.threshold', { min: 0, max: 1, fallback: 0.1 }),
    every: time('every', 100, 10_000),
    patience: time('patience', 0, 300_000),
    rest: time('rest', 0, 600_000),
  };
}
