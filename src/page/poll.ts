/**
 * One poll of the store for all viewers. It runs while someone follows, and a request that comes between two looks is answered
 * by the last one if that is fresh. So a hundred viewers cost what one does.
 */

import type { StoreReader } from '../store/reader.js';
import type { Cancel, Clock } from '../time/clock.js';
import { pause } from '../time/pause.js';
import type { Details } from './contract.js';
import type { Source } from './kept.js';
import { Looker, ROWS_MAX, type Snapshot } from './snapshot.js';
import { textOf } from './texts.js';

/** Between two looks, in ms. */
export const PERIOD_MS = 1000;
/** A look that takes long is followed by a rest of so many times as long: the store is there for its members. */
const REST_FACTOR = 4;
const REST_MAX_MS = 10_000;
/** One look brings all of so many subsystems; where more are followed, they take turns. */
export const WATCHED_MAX = 100;

/** `problem`: why the last look has failed; `snapshot` is then what was seen before, if anything was. */
export interface Seen {
  readonly snapshot: Snapshot | null;
  readonly problem: string | null;
  /** Of a subsystem that was read alone, because the look did not have it; null if there is none of that name. */
  readonly alone?: Details | null;
}

/** Returns all of one subsystem; null if there is none of that name, and undefined if it was not looked for. */
export function detailsIn({ snapshot, alone }: Seen, name: string): Details | null | undefined {
  return alone === undefined ? snapshot?.details.get(name) : alone;
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
  /** Those that are read alone just now. */
  private readonly reading = new Map<string, Promise<Details | null>>();
  /** Name → in which look its turn was last. */
  private turns = new Map<string, number>();
  private looks = 0;
  private readonly looker: Looker;
  private seen: Seen = { snapshot: null, problem: null };
  private seenAt = Number.NEGATIVE_INFINITY;
  /** No look begins before: the store has a rest. */
  private restsUntil = Number.NEGATIVE_INFINITY;
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
      this.plan();
    });
    return () => {
      this.followers.delete(follower);
      if (this.followers.size === 0) this.cancel();
    };
  }

  /**
   * Returns what is not older than a period, or than the rest of the store lasts. If a subsystem is named, all of that is there,
   * too, unless the store could not be read.
   */
  async fresh(name: string | null = null): Promise<Seen> {
    const now = this.parts.clock.now();
    if (now - this.seenAt >= PERIOD_MS && now >= this.restsUntil) {
      await (this.looking ?? this.look(name));
    }
    const { seen } = this;
    if (name === null || seen.problem !== null || seen.snapshot?.details.has(name) === true) return seen;
    // A look at all for the sake of one would cost the store too much.
    return this.readAlone(name).then(
      (alone) => ({ ...seen, alone }),
      (error: unknown) => ({ ...seen, problem: textOf(error) }),
    );
  }

  /** Looks at once, because something was changed; if the store has a rest, a little later. */
  async again(): Promise<Seen> {
    const { clock } = this.parts;
    await this.looking;
    const rest = Math.min(this.restsUntil - clock.now(), PERIOD_MS);
    if (rest > 0) await pause(clock, rest);
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

  private plan(): void {
    this.cancel();
    if (this.followers.size === 0 || this.isEnded) return;
    const due = Math.max(this.seenAt + PERIOD_MS, this.restsUntil);
    this.cancel = this.parts.clock.at(due, () => void this.turn());
  }

  private async turn(): Promise<void> {
    await (this.looking ?? this.look());
    this.tell();
    this.plan();
  }

  private tell(): void {
    for (const follower of this.followers) follower.see(this.seen);
  }

  /** `name`: whom it is for, which it brings first. */
  private look(name: string | null = null): Promise<void> {
    this.looking = this.lookOnce(name).finally(() => {
      this.looking = undefined;
    });
    return this.looking;
  }

  private async lookOnce(name: string | null): Promise<void> {
    const { source, clock } = this.parts;
    const from = clock.now();
    let rest = 0;
    try {
      const watched = this.watched(name);
      const snapshot = await source.use((reader) => this.looker.look(reader, watched));
      this.seen = { snapshot, problem: null };
      rest = Math.min((clock.now() - from) * REST_FACTOR, REST_MAX_MS);
    } catch (error) {
      // One that has failed did no work there, and its return is waited for.
      this.seen = { ...this.seen, problem: textOf(error) };
    }
    this.seenAt = clock.now();
    this.restsUntil = this.seenAt + rest;
  }

  private readAlone(name: string): Promise<Details | null> {
    const under = this.reading.get(name);
    if (under !== undefined) return under;
    const read = this.parts.source
      .use((reader) => this.looker.one(reader, name))
      .finally(() => this.reading.delete(name));
    this.reading.set(name, read);
    return read;
  }

  /** Returns that which someone waits for, and then those that are followed, the longest unseen first. */
  private watched(first: string | null): ReadonlySet<string> {
    this.looks += 1;
    const followed = new Set([...this.followers].flatMap(({ name }) => (name === null ? [] : [name])));
    const before = this.turns;
    const byTurn = [...followed].sort((a, b) => (before.get(a) ?? 0) - (before.get(b) ?? 0));
    const watched = new Set([...(first === null ? [] : [first]), ...byTurn].slice(0, WATCHED_MAX));
    this.turns = new Map(byTurn.map((name) => [name, watched.has(name) ? this.looks : (before.get(name) ?? 0)]));
    return watched;
  }
}
