/** Tells a second signal from an echo of the first. */

/** npm, npx and watchers pass on the signal that a terminal has sent to all already, within so many ms. */
const SAME_SIGNAL_MS = 1000;

/** The first signal that asked to stop. */
export interface Asked {
  readonly signal: NodeJS.Signals;
  /** By the monotonic clock, in ms. */
  readonly at: number;
}

/** Returns whether a further signal is one of its own, which asks for a kill, and no echo of the first. */
export function isImpatient(first: Asked, signal: NodeJS.Signals, now: number): boolean {
  return signal !== first.signal || now - first.at > SAME_SIGNAL_MS;
}
