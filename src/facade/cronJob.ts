/** `cron`: calls a function at the slots of a pattern, on the master of an unmanaged cluster. No slot is stored or made up. */
import { FailoverError, InvalidOptionError, toWire, WorkError } from '../errors.js';
import { checkFunction, readFields } from '../options/checks.js';
import { type Pattern, readPattern } from '../schedules/pattern.js';
import type { Cancel, Clock } from '../time/clock.js';
import type { UnmanagedCluster } from './api.js';

/** Timers wait no longer, in ms: the wall clock may be set in between. */
const WAIT_MAX_MS = 60_000;
/** A slot that was taken further ahead of the clock was taken by a clock that was wrong, in ms. */
const AHEAD_MAX_MS = 3_600_000;

/** The latest time that a Date can hold. */
const TIME_MAX = 8.64e15;

/** Is called at each slot, on the master. The next slot is left out while it runs. */
export type CronFunction = (slot: Date) => unknown;

/** Says how the pattern of `cron` is read. */
export interface CronOptions {
  /** Names the IANA time zone in which the pattern is read. Default 'UTC'. */
  readonly timeZone?: string | undefined;
}

/** @throws InvalidOptionError */
export function resolveCron(
  pattern: unknown,
  run: unknown,
  options: unknown,
  now: number,
): { readonly slots: Pattern; readonly called: CronFunction } {
  const { timeZone = 'UTC' } = options === undefined ? {} : readFields(options, '', ['timeZone']);
  const called = checkFunction(run, 'the third argument of cron');
  if (called === null) throw new InvalidOptionError('cron takes a function, which is called at each slot');
  return { slots: readPattern(pattern, timeZone, now), called };
}

interface CronParts {
  readonly cluster: Pick<UnmanagedCluster, 'name' | 'isMaster' | 'synchronize' | 'on' | 'emit'>;
  readonly pattern: Pattern;
  readonly run: CronFunction;
  readonly clock: Pick<Clock, 'now' | 'wall' | 'at'>;
}

export class CronJob {
  private next: number | null = null;
  /** The last slot that a master has taken, as far as this member knows: its clock may be behind that of the last master. */
  private taken = 0;
  private isRunning = false;
  private cancel: Cancel = () => {};

  constructor(private readonly parts: CronParts) {
    const { cluster } = parts;
    cluster.on('synchronize', (slot) => {
      this.taken = Math.max(this.taken, Number(slot));
    });
    cluster.on('statechange', (from, to) => {
      if (from === 'stopped') this.arm();
      if (to === 'stopped') this.cancel();
    });
  }

  private arm(): void {
    const { clock, pattern } = this.parts;
    this.cancel();
    const now = clock.wall();
    this.next = pattern.next(now);
    if (this.next === null) return;
    this.cancel = clock.at(clock.now() + Math.min(WAIT_MAX_MS, this.next - now), () => this.due());
  }

  private due(): void {
    const { clock, cluster } = this.parts;
    const { next } = this;
    const late = clock.wall() - (next ?? Number.POSITIVE_INFINITY);
    if (cluster.isMaster) this.forgetAhead();
    // A process that was held up for longer has missed it.
    if (next !== null && late >= 0 && late < WAIT_MAX_MS && cluster.isMaster && !this.isRunning && next > this.taken) {
      this.take(next);
    }
    this.arm();
  }

  /** Nothing would run until the time comes that a clock showed too early: a month, or for ever. */
  private forgetAhead(): void {
    const { clock, cluster } = this.parts;
    if (this.taken - clock.wall() <= AHEAD_MAX_MS) return;
    const ahead = new Date(Math.min(this.taken, TIME_MAX)).toISOString();
    this.taken = 0;
    const text = `the cron job '${cluster.name}' had its last run for ${ahead}, so the clock of a member was ahead: it goes on by the clock of this one`;
    cluster.emit('error', new FailoverError('ERR_CLOCK_JUMPED', text));
  }

  private take(slot: number): void {
    const { cluster, run } = this.parts;
    this.taken = slot;
    this.isRunning = true;
    const ended = (): void => {
      this.isRunning = false;
    };
    const failed = (cause: unknown): void => {
      ended();
      const text = `the function of the cron job '${cluster.name}' failed: ${toWire(cause).message}`;
      cluster.emit('error', new WorkError('ERR_WORK_FAILED', text, { cause }));
    };
    void cluster.synchronize(slot).catch(() => {});
    try {
      Promise.resolve(run(new Date(slot))).then(ended, failed);
    } catch (error) {
      failed(error);
    }
  }
}
