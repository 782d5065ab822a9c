/** The options of `installSignalHandlers`, and their checks. */
import { constants } from 'node:os';
import { isArray, showValue } from '../diagnostics/showValue.js';
import { InvalidOptionError } from '../errors.js';
import { checkBoolean, checkFunction, checkNumber, readFields, TIMER_MAX_MS } from './checks.js';

/** Below the 30 s that Kubernetes gives, and above what `close()` takes by default: 20 s, 2 s and 4.5 s. */
export const CLOSE_TIMEOUT_MS = 28_000;
/** No process can handle them. */
const unhandled: ReadonlySet<string> = new Set(['SIGKILL', 'SIGSTOP']);

/** Sets what a signal does beside the close. Everything is optional. */
export interface SignalOptions {
  /** Names the signals that stop the process. Default `['SIGTERM', 'SIGINT']`. */
  signals?: readonly NodeJS.Signals[] | undefined;
  /** Says whether the process is ended once all is closed. Without it, it ends when nothing is left to do. Default true. */
  exit?: boolean | undefined;
  /** Sets how long the whole of it may take, in ms; then the process is ended with code 1. Default 28,000. */
  timeout?: number | undefined;
  /** Is called first, before anything is closed. `close()` does not wait for what it returns. */
  before?: ((signal: NodeJS.Signals) => void) | undefined;
  /** Is called and awaited once all services are closed: for servers, and connections that the work needed. */
  after?: ((signal: NodeJS.Signals) => unknown) | undefined;
}

export interface ResolvedSignalOptions {
  readonly signals: readonly NodeJS.Signals[];
  readonly exit: boolean;
  readonly timeout: number;
  readonly before: (signal: NodeJS.Signals) => void;
  readonly after: (signal: NodeJS.Signals) => unknown;
}

const nothing = (): void => {};

/** @throws InvalidOptionError */
export function resolveSignalOptions(given: unknown): ResolvedSignalOptions {
  const names = ['signals', 'exit', 'timeout', 'before', 'after'] as const;
  const { signals, exit, timeout, before, after } = readFields(given === undefined ? {} : given, '', names);
  return {
    signals: signals === undefined ? ['SIGTERM', 'SIGINT'] : checkSignals(signals),
    exit: exit === undefined ? true : checkBoolean(exit, 'exit'),
    timeout: checkNumber(timeout, 'timeout', { min: 1, max: TIMER_MAX_MS, fallback: CLOSE_TIMEOUT_MS }),
    before: checkFunction(before, 'before') ?? nothing,
    after: checkFunction(after, 'after') ?? nothing,
  };
}

function checkSignals(given: unknown): readonly NodeJS.Signals[] {
  const signals = typeof given === 'object' && given !== null && isArray(given) ? [...(given as unknown[])] : [];
  if (signals.length === 0) {
    throw new InvalidOptionError(`signals must be a list of names such as 'SIGTERM', not ${showValue(given)}`);
  }
  for (const signal of signals) {
    if (!isSignal(signal)) throw new InvalidOptionError(`signals has ${showValue(signal)}, which is no signal here`);
    if (unhandled.has(signal)) {
      throw new InvalidOptionError(`signals has ${signal}, which no process can handle; leave it out`);
    }
  }
  return [...new Set(signals as NodeJS.Signals[])];
}

function isSignal(value: unknown): value is NodeJS.Signals {
  return typeof value === 'string' && Object.hasOwn(constants.signals, value);
}
