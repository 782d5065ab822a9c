/**
 * One poll of the store for all viewers. It runs while someone follows, and a request that comes between two looks is answered
 * by the last one if that is fresh. So a hundred viewers cost what one does.
 */

import { redact } from '../diagnostics/redact.js';
import { FailoverError } from '../errors.js';
import type { StoreReader } from '../store/reader.js';
import type { Cancel, Clock } from '../time/clock.js';
import type { Details } from './contract.js';
import type { Source } from './kept.js';
import { Looker, ROWS_MAX, type Snapshot } from './snapshot.js';

/** Between two looks, in ms. */
export const PERIOD_MS = 1000;
/** A look that takes long is followed by a rest of so many times as long: the store is there for its members. */
const REST_FACTOR = 4;
const REST_MAX_MS = 10_000;
/** How long a subsystem that was asked for once counts as watched, in ms. */
const ASKED_MS = 5000;
const WATCHED_MAX = 100;

/** `problem`: why the last look has failed; `snapshot` is then what was seen before, if anything was. */
export interface Seen {
  readonly snapshot: Snapshot | null;
  readonly problem: string | null;
}

export interface Follower {
  /** Of which subsystem it wants all. */
  readonly name: string | null;
  see(seen: Seen): void;
}

interface PollParts {
  readonly source: Source<StoreReader>;
  readonly clock: Pick<Clock, 'now' | 'wall' | 'at'>;
  readonly rowsMax?: number;
  /** How late the beats of this process were; null if that is not known. Default: it is not. */
  lateness?(): Details['lateness'];
}

export class SharedPoll {
  private readonly followers = new Set<Follower>();
  /** Name → until when it is watched, because it was asked for. */
  private readonly asked = new Map<string, number>();
  private readonly looker: Looker;
  private seen: Seen = { snapshot: null, problem: null };
  private seenAt = Number.NEGATIVE_INFINITY;
  private looking: Promise<void> | undefined;
  private cancel: Cancel = () => {};
  private isEnded = false;

  constructor(private readonly parts: PollParts) {
    this.looker = new Looker(parts.clock, {
      apartMax: 3 * PERIOD_MS,
      rowsMax: parts.rowsMax ?? ROWS_MAX,
      lateness: () => parts.lateness?.() ?? null,
    });
  }

  get viewers(): number {
    return this.followers.size;
  }

  /** Calls `see` with each look from now on, and soon with the last one if it is fresh. Returns how to stop that. */
  follow(follower: Follower): () => void {
    this.followers.add(follower);
    void this.fresh(follower.name).then((seen) => {
      if (this.followers.has(follower)) follower.see(seen);
      this.plan(0);
    });
    return () => {
      this.followers.delete(follower);
      if (this.followers.size === 0) this.cancel();
    };
  }

  /** Returns what is not older than a period, and has the details of this subsystem, if one is named. */
  async fresh(name: string | null = null): Promise<Seen> {
    if (name !== null) this.watch(name);
    for (let tries = 0; tries < 2; tries++) {
      const isFresh = this.parts.clock.now() - this.seenAt < PERIOD_MS;
      const hasAll = name === null || this.seen.problem !== null || this.seen.snapshot?.details.has(name) === true;
      if (isFresh && hasAll) break;
      await (this.looking ?? this.look());
    }
    return this.seen;
  }

  /** Looks at once, because something was changed. */
  async again(): Promise<Seen> {
    await this.looking;
    await (this.looking ?? this.look());
    this.tell();
    return this.seen;
  }

  /** Looks no more. */
  async end(): Promise<void> {
    this.isEnded = true;
    this.cancel();
    this.followers.clear();
    await this.looking;
  }

  private plan(took: number): void {
    this.cancel();
    if (this.followers.size === 0 || this.isEnded) return;
    const { clock } = this.parts;
    // One that has failed did no work there, and its return is waited for.
    const rest = this.seen.problem === null ? Math.min(took * REST_FACTOR, REST_MAX_MS) : 0;
    const due = Math.max(this.seenAt + PERIOD_MS, clock.now() + rest);
    this.cancel = clock.at(due, () => void this.turn());
  }

  private async turn(): Promise<void> {
    const { clock } = this.parts;
    const from = clock.now();
    await (this.looking ?? this.look());
    this.tell();
    this.plan(clock.now() - from);
  }

  private tell(): void {
    for (const follower of this.followers) follower.see(this.seen);
  }

  private look(): Promise<void> {
    this.looking = this.lookOnce().finally(() => {
      this.looking = undefined;
    });
    return this.looking;
  }

  private async lookOnce(): Promise<void> {
    const { source, clock } = this.parts;
    try {
      const watched = this.watched();
      const snapshot = await source.use((reader) => this.looker.look(reader, watched));
      this.seen = { snapshot, problem: null };
    } catch (error) {
      this.seen = { ...this.seen, problem: textOf(error) };
    }
    this.seenAt = clock.now();
  }

  private watch(name: string): void {
    const now = this.parts.clock.now();
    for (const [each, until] of this.asked) if (until <= now) this.asked.delete(each);
    if (this.asked.size >= WATCHED_MAX) this.asked.clear();
    this.asked.set(name, now + ASKED_MS);
  }

  private watched(): ReadonlySet<string> {
    const now = this.parts.clock.now();
    const names = new Set([...this.followers].flatMap(({ name }) => (name === null ? [] : [name])));
    for (const [name, until] of this.asked) if (until > now) names.add(name);
    return new Set([...names].slice(0, WATCHED_MAX));
  }
}

export function textOf(error: unknown): string {
  if (error instanceof FailoverError) return redact(error.message);
  return redact(`the store could not be read: ${error instanceof Error ? error.message : String(error)}`);
}
