/**
 * What people ask of the schedules while faults go on, by turns: a pause of one and its end, a task now, and tasks of slots that have
 * passed. One line for each call, once it is answered: `pauses`, `resumes`, `triggers` and `backfills` SCHEDULE STATE, with the moment at
 * which it was made. The state is 'done' or a code.
 *
 * Only a resume is made again until it is answered. What failed of the others may have been carried out or not.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ManagedCluster } from 'mongo-failover';
import type { LineFile } from '../lineFile.ts';
import type { Task } from '../task.ts';
import { codeOf } from './asker.ts';
import { type Generations, HELD, type ScheduleRule } from './timetable.ts';
import type { TrueTime } from './trueTime.ts';

/** How long a pause lasts at least and at most, and a rest between two calls, in slots of the schedule. */
const PAUSE = { least: 1.5, most: 3 };
const REST = 0.8;
/** After a resume that failed, and between two looks at whether all is over, in ms. */
const AGAIN = 100;
/** How often a resume is tried at most. */
const TRIES = 600;
/** A slot that is so old has its task, in ms; and so many are asked for again at once. */
const OLD = 2500;
const SLOTS = 2;

interface OperatorParts {
  readonly cluster: ManagedCluster<Task>;
  readonly history: LineFile;
  readonly time: TrueTime;
  readonly generations: Generations;
  readonly rules: readonly ScheduleRule[];
  readonly random: () => number;
}

export class Operator {
  private over = false;
  private running = Promise.resolve();
  /** Up to which slot tasks were asked for again. */
  private backfilledTo = 0;

  constructor(private readonly parts: OperatorParts) {}

  start(): void {
    this.running = this.loop();
  }

  /** Resolves when nothing is paused. */
  async end(): Promise<void> {
    this.over = true;
    await this.running;
  }

  private async loop(): Promise<void> {
    const { rules, random } = this.parts;
    const every = rules.find(({ id }) => id === HELD)?.every ?? 0;
    while (!this.over) {
      await this.rest(REST * every);
      await this.holdFor((PAUSE.least + (PAUSE.most - PAUSE.least) * random()) * every);
      await this.rest(REST * every);
      await this.trigger();
      await this.rest(REST * every);
      await this.backfill();
    }
  }

  private async holdFor(ms: number): Promise<void> {
    const { cluster } = this.parts;
    const id = this.named(HELD);
    const state = await this.call('pauses', id, () => cluster.pauseSchedule(id).then(() => ({})));
    // No master has had it yet.
    if (state === 'ERR_SCHEDULE_UNKNOWN') return;
    await this.rest(ms / 2);
    // One that is paused may be triggered.
    if (this.parts.random() < 0.3) await this.trigger(id);
    await this.rest(ms / 2);
    for (let tries = 0; tries < TRIES; tries += 1) {
      const resumed = await this.call('resumes', id, () => cluster.resumeSchedule(id).then(() => ({})));
      if (resumed === 'done') return;
      await sleep(AGAIN);
    }
  }

  private async trigger(id = this.named(HELD)): Promise<void> {
    await this.call('triggers', id, async () => ({ stored: await this.parts.cluster.trigger(id) }));
  }

  /** Each slot once: their tasks have the ids of the first ones. */
  private async backfill(): Promise<void> {
    const { cluster, rules, time, generations } = this.parts;
    const [rule] = rules;
    if (rule === undefined) return;
    const { every } = rule;
    const to = every * Math.floor((time.now() - OLD) / every);
    const from = Math.max(to - (SLOTS - 1) * every, this.backfilledTo + every, generations.began);
    if (from > to) return;
    this.backfilledTo = to;
    const id = this.named(rule.id);
    await this.call('backfills', id, async () => ({ ...(await cluster.backfill(id, from, to)) }), { from, to });
  }

  /** Returns 'done', or the code of what it threw. */
  private async call(what: string, id: string, act: () => Promise<object>, more: object = {}): Promise<string> {
    const sent = process.hrtime.bigint();
    const note = (state: string, answer: object = {}): string => {
      this.parts.history.write({ what, at: process.hrtime.bigint(), id, sent, state, ...more, ...answer });
      return state;
    };
    return act().then(
      (answer) => note('done', answer),
      (error: unknown) => note(codeOf(error)),
    );
  }

  private named(rule: string): string {
    return `${rule}.${this.parts.generations.last}`;
  }

  /** Until then, or until all is over. */
  private async rest(ms: number): Promise<void> {
    for (const until = performance.now() + ms; !this.over && performance.now() < until; ) await sleep(AGAIN);
  }
}
