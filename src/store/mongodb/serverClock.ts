/** How far the server's wall clock is from the one here. Nothing decides by it: people look at it. */
import { StoreError } from '../../errors.js';
import type { Fields } from '../documents.js';
import type { Commands } from './commands.js';

/** How long one measurement is told, in ms: a process with a thousand clusters asks as often as one with one. */
const FRESH_MS = 10_000;

export interface MeasuredBy {
  readonly commands: Pick<Commands, 'send'>;
  /** Monotonic ms, and the wall clock. */
  now(): number;
  wall(): number;
}

export interface Greeting {
  readonly reply: Fields;
  /** How far the server's clock is ahead, in ms; null if it does not say, or was too slow. */
  readonly clockAhead: number | null;
}

/** Of so many answers the quickest one tells the clock: the first may have waited for a connection. */
const GREETINGS_MAX = 3;
/** What took no longer is exact enough, in ms: the clock is known to half of it. */
const QUICK_MS = 20;
/** What took longer tells no clock, in ms. */
const SLOW_MS = 1000;

/** Greets the server. It asks by the old name where a server does not know the new one. */
export async function greet(parts: MeasuredBy, what: string): Promise<Greeting> {
  try {
    return await quickest(parts, what, { hello: 1 });
  } catch (error) {
    if (!(error instanceof StoreError && error.code === 'ERR_STORE')) throw error;
    return quickest(parts, what, { isMaster: 1 });
  }
}

async function quickest(parts: MeasuredBy, what: string, command: Fields): Promise<Greeting> {
  let best = await timed(parts, what, command);
  for (let count = 1; count < GREETINGS_MAX && best.took > QUICK_MS; count++) {
    const next = await timed(parts, what, command);
    if (next.took < best.took) best = next;
  }
  const { reply, clockAhead, took } = best;
  return { reply, clockAhead: took > SLOW_MS ? null : clockAhead };
}

async function timed(
  { commands, now, wall }: MeasuredBy,
  what: string,
  command: Fields,
): Promise<Greeting & { readonly took: number }> {
  const [from, at] = [now(), wall()];
  const reply = await commands.send(what, command);
  const took = now() - from;
  const { localTime } = reply;
  // The server took its time about in the middle.
  return { reply, took, clockAhead: localTime instanceof Date ? localTime.getTime() - (at + took / 2) : null };
}

export class ServerClock {
  private measured: Promise<number | null> | null = null;
  private measuredAt = 0;

  constructor(private readonly parts: MeasuredBy) {}

  /** Asks the server, or tells what it said a short time ago. */
  ahead(): Promise<number | null> {
    const now = this.parts.now();
    if (this.measured !== null && now - this.measuredAt < FRESH_MS) return this.measured;
    const measured = greet(this.parts, 'clockAhead').then(({ clockAhead }) => clockAhead);
    [this.measured, this.measuredAt] = [measured, now];
    measured.catch(() => {
      if (this.measured === measured) this.measured = null;
    });
    return measured;
  }
}
