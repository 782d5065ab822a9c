/**
 * Keeps change streams open for as long as hints are wanted. Nothing depends on them: whatever goes wrong, members look after
 * POLL, and the streams are opened again after a pause. No place in the stream is kept: what may have been missed is one hint
 * about everything.
 */
import type { Cancel } from '../../../time/clock.js';
import type { Fields } from '../../documents.js';
import type { Hint, HintTopic, WantedHints } from '../../store.js';
import { hintOf, hintsAtAll, topics } from './changes.js';
import type { OpenStreams, Streams } from './streams.js';

/** Many clusters join one after another, so names that are new are collected for so long, in ms. */
const SETTLING_MS = 100;
/** Before streams that ended are opened again, in ms: doubled after each failure, up to the second of these. */
const RETRY_MIN_MS = 1000;
const RETRY_MAX_MS = 60_000;
/** The same where a person must change something first. */
const RETRY_LASTING_MS = 10 * 60_000;
/** Streams that lived as long as this were no failure, in ms. */
const LONG_LIFE_MS = 60_000;
/** The least time between two answers with changes: those of a busy queue come together, in ms. */
const GATHER_MS = 5;
/** The same without: not each server waits for a change before it says that there is none. */
const IDLE_MS = 25;

export interface WakeUpsParts {
  readonly open: OpenStreams;
  /** Monotonic ms. */
  now(): number;
  /** May call some ms late. */
  after(ms: number, callback: () => void): Cancel;
  hint(hint: Hint): void;
  /** Called when there are no wake-ups, once until there are; and when there are again. */
  told(text: string): void;
  /** Returns why streams ended, in words for a user, and whether it lasts until a person changes something. */
  explain(error: unknown): { readonly reason: string; readonly lasts: boolean };
}

/** None of its methods throws. Only `close` waits for a server. */
export class WakeUps {
  private wanted: WantedHints = { lease: [], tasks: [] };
  private streams: Streams | undefined;
  private cancel: Cancel = () => {};
  private isStarted = false;
  private isClosed = false;
  private hasOpened = false;
  private failures = 0;
  private hasTold = false;

  constructor(private readonly parts: WakeUpsParts) {}

  /** Opens streams from now on: the store has been reached. */
  start(): void {
    if (this.isStarted || this.isClosed) return;
    this.isStarted = true;
    this.renew();
  }

  want(wanted: WantedHints): void {
    if (topics.every((topic) => isSame(wanted[topic], this.wanted[topic]))) return;
    this.wanted = wanted;
    if (this.isStarted) this.renewAfter(SETTLING_MS);
  }

  /** Resolves when the streams have ended. */
  async close(): Promise<void> {
    this.isClosed = true;
    this.cancel();
    await this.end();
  }

  private async end(): Promise<void> {
    const { streams } = this;
    this.streams = undefined;
    await streams?.close();
  }

  private renewAfter(ms: number): void {
    if (this.isClosed) return;
    this.cancel();
    this.cancel = this.parts.after(ms, () => this.renew());
  }

  private renew(): void {
    void this.end();
    if (topics.some((topic) => this.wanted[topic].length > 0)) void this.live(this.parts.open(this.wanted));
  }

  private async live(streams: Streams): Promise<void> {
    const from = this.parts.now();
    this.streams = streams;
    const followed = topics.filter((topic) => this.wanted[topic].length > 0);
    try {
      const firsts = await Promise.all(followed.map((topic) => streams.next(topic)));
      if (streams !== this.streams) return;
      this.opened();
      await Promise.all(followed.map((topic, index) => this.follow(topic, streams, firsts[index] ?? [])));
    } catch (error) {
      if (streams !== this.streams) return;
      void this.end();
      this.failed(error, this.parts.now() - from);
    }
  }

  private opened(): void {
    // What happened while there was no stream is unknown.
    if (this.hasOpened) for (const hint of hintsAtAll(this.wanted)) this.parts.hint(hint);
    this.hasOpened = true;
    if (this.hasTold) this.parts.told('wake-ups by change streams work again');
    this.hasTold = false;
  }

  private async follow(topic: HintTopic, streams: Streams, first: readonly Fields[]): Promise<void> {
    const { now, hint } = this.parts;
    for (let changes = first, took = 0; streams === this.streams; ) {
      if (changes.length > 0) hint(hintOf(topic, changes));
      await this.rest(changes.length > 0 ? GATHER_MS : IDLE_MS - took);
      if (streams !== this.streams) return;
      const from = now();
      changes = await streams.next(topic);
      took = now() - from;
    }
  }

  private async rest(ms: number): Promise<void> {
    if (ms > 0) await new Promise<void>((resolve) => this.parts.after(ms, resolve));
  }

  private failed(error: unknown, livedMs: number): void {
    const { reason, lasts } = this.parts.explain(error);
    this.failures = livedMs >= LONG_LIFE_MS ? 1 : this.failures + 1;
    // One failure alone is an election, or a collection that was dropped.
    if (!this.hasTold && (lasts || this.failures > 1)) {
      this.hasTold = true;
      this.parts.told(
        `no wake-ups by change streams, so members look every POLL (mongodb.wakeUps: false asks for none): ${reason}`,
      );
    }
    const backOff = Math.min(RETRY_MAX_MS, RETRY_MIN_MS * 2 ** (this.failures - 1));
    this.renewAfter(lasts ? RETRY_LASTING_MS : backOff);
  }
}

function isSame(some: readonly string[], others: readonly string[]): boolean {
  return some.length === others.length && some.every((name, index) => name === others[index]);
}
