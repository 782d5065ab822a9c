/**
 * A thousand leases and twenty processes over days, which real members would take years for: who lives, ranks and moves are
 * decided by the code that ships, and the elections between them are reduced to when each process looks and claims.
 */
import { Living } from '../../../../src/coordinator/spread/living.ts';
import { pauseAfter } from '../../../../src/coordinator/spread/pace.ts';
import { hashOf, pollsOfRank, rankOf } from '../../../../src/coordinator/spread/rank.ts';
import { type Holding, nextMove } from '../../../../src/coordinator/spread/sharing.ts';
import type { Presence } from '../../../../src/store/presence.ts';
import { randomFrom } from '../../../support/random.ts';

const POLL = 500;
const TTL = 4500;
const SIGN = 4100;
const SILENCE = 12_000;
const ROUND_TRIP = 20;
const LINE_KEPT = 600_000;
export const rules = { settle: 60_000, threshold: 0.1, every: 10_000, rest: 600_000 };

export interface ModelProcess {
  readonly key: string;
  readonly hash: number;
  readonly living: Living;
  readonly names: Uint32Array;
  alive: boolean;
  frozenUntil: number;
  count: number;
  held: number;
}

interface ModelLease {
  readonly name: string;
  readonly hash: number;
  holder: ModelProcess | null;
  movedAt: number;
  moves: number;
  /** Whether a process is about to claim it. */
  isFollowed: boolean;
  /** When it was lost, of late. */
  losses: number[];
}

interface Event {
  readonly at: number;
  readonly run: () => void;
}

/** How one lease was followed. */
export interface Followed {
  readonly ms: number;
  readonly claims: number;
  readonly heir: string;
}

export class SpreadModel {
  now = 0;
  readonly processes: ModelProcess[] = [];
  readonly leases: ModelLease[];
  readonly random: () => number;
  followed: Followed[] = [];
  moves = 0;
  /** Between two moves of the same lease, the shortest time. */
  shortestRest = Number.POSITIVE_INFINITY;
  private readonly lines = new Map<string, Presence>();
  private readonly events: Event[] = [];
  private made = 0;
  private changedAt = 0;

  constructor(
    seed: number,
    leases: number,
    private readonly rebalance: boolean,
  ) {
    this.random = randomFrom(seed);
    this.leases = Array.from({ length: leases }, (_, n) => ({
      ...{ name: `tenant-${n}`, hash: hashOf(`tenant-${n}`), holder: null, movedAt: Number.NEGATIVE_INFINITY },
      ...{ moves: 0, losses: [], isFollowed: false },
    }));
  }

  get alive(): ModelProcess[] {
    return this.processes.filter(({ alive }) => alive);
  }

  /** The most, the fewest and the fair share. */
  get shares(): { readonly most: number; readonly fewest: number; readonly share: number } {
    const held = this.alive.map((one) => one.held);
    return { most: Math.max(...held), fewest: Math.min(...held), share: this.leases.length / held.length };
  }

  private get isCalm(): boolean {
    const { most, fewest } = this.shares;
    return most - fewest < 2 && this.now - this.changedAt > 2 * SILENCE;
  }

  /** How many moves it takes to give each process its share. */
  get need(): number {
    const { share } = this.shares;
    return this.alive.reduce((sum, { held }) => sum + Math.max(0, held - Math.ceil(share)), 0);
  }

  start(): ModelProcess {
    this.made += 1;
    this.changedAt = this.now;
    const key = `process/web-${this.made % 20}/1/${this.made}/${Math.floor(this.random() * 1e9)}`;
    const names = Uint32Array.from(this.leases.map(({ hash }) => hash)).sort();
    const one: ModelProcess = {
      ...{ key, hash: hashOf(key), living: new Living(key, SILENCE), names, alive: true },
      ...{ frozenUntil: 0, count: 0, held: 0 },
    };
    this.processes.push(one);
    this.each(
      one,
      () => this.sign(one),
      () => SIGN,
    );
    if (this.rebalance) this.after(this.random() * rules.every, () => this.round(one));
    for (const lease of this.leases) if (lease.holder === null && !lease.isFollowed) this.follow(lease, null, 0);
    return one;
  }

  /** It is gone at once; its leases expire, or are released if that is seen. */
  kill(one: ModelProcess, seenAfter = TTL): void {
    one.alive = false;
    // What a crash leaves behind goes after a while.
    this.after(LINE_KEPT, () => this.lines.delete(one.key));
    this.lose(one, seenAfter);
  }

  /** It is held up for so long: what it has goes to others. */
  freeze(one: ModelProcess, ms: number): void {
    one.frozenUntil = this.now + ms;
    if (ms > TTL) this.lose(one, TTL);
  }

  run(ms: number): void {
    const end = this.now + ms;
    for (;;) {
      const next = this.events.at(-1);
      if (next === undefined || next.at > end) break;
      this.events.pop();
      this.now = next.at;
      next.run();
    }
    this.now = end;
  }

  /** Calls at random moments, this many times an hour on average. */
  churn(perHour: number, happen: () => void): void {
    this.after((-Math.log(this.random()) * 3_600_000) / perHour, () => {
      happen();
      this.churn(perHour, happen);
    });
  }

  private after(ms: number, run: () => void): void {
    const event = { at: this.now + ms, run };
    let low = 0;
    let high = this.events.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.events[middle]?.at ?? 0) > event.at) low = middle + 1;
      else high = middle;
    }
    this.events.splice(low, 0, event);
  }

  private each(one: ModelProcess, run: () => void, pause: () => number): void {
    this.after(this.random() * 500, () => {
      const turn = (): void => {
        if (!one.alive) return;
        if (this.now >= one.frozenUntil) run();
        this.after(pause(), turn);
      };
      turn();
    });
  }

  private sign(one: ModelProcess): void {
    one.count += 1;
    const { key, count, held, names } = one;
    const fields = { process: key, holders: key, count, held, set: 'all', candidacies: [{ priority: 50, names }] };
    this.lines.set(key, { key, ...fields });
    this.look(one);
  }

  private look(one: ModelProcess): void {
    one.living.observe([...this.lines.values()], this.now);
  }

  private lose(one: ModelProcess, after: number): void {
    this.changedAt = this.now;
    for (const lease of this.leases) {
      if (lease.holder !== one) continue;
      lease.holder = null;
      one.held -= 1;
      lease.losses.push(this.now);
      this.follow(lease, one, after);
    }
  }

  /** Has the lease followed that can be claimed from `after` on. */
  private follow(lease: ModelLease, last: ModelProcess | null, after: number, to: ModelProcess | null = null): void {
    const free = this.now + after;
    const claims = this.alive.flatMap((one) => {
      if (one === last || one.frozenUntil > free) return [];
      const seen = free + this.random() * POLL;
      const others = one.living.neighbours(this.now).filter(({ key }) => key !== last?.key);
      const candidates = others.map(({ key, hash }) => ({ key, hash, priority: 50 }));
      const rank = pollsOfRank(rankOf(lease.hash, { ...one, priority: 50 }, candidates));
      const polls = to === null ? rank : to === one ? 0 : 2;
      return [{ one, seen, at: seen + polls * POLL }];
    });
    const first = claims.reduce<(typeof claims)[number] | null>((a, b) => (a === null || b.at < a.at ? b : a), null);
    lease.isFollowed = first !== null;
    if (first === null) return;
    const won = first.at + ROUND_TRIP;
    // The others look every POLL, and claim only if the last look did not show it.
    const tries = claims.filter(
      ({ seen, at }) => seen + Math.floor((at - seen - 1e-6) / POLL) * POLL < won && at < won + POLL,
    );
    const { one } = first;
    this.after(won - this.now, () => {
      if (!one.alive || one.frozenUntil > this.now) return this.follow(lease, one, TTL);
      lease.isFollowed = false;
      this.changedAt = this.now;
      lease.holder = one;
      one.held += 1;
      this.followed.push({ ms: won - free, claims: tries.length, heir: one.key });
    });
  }

  private round(one: ModelProcess): void {
    if (!one.alive) return;
    let pause = rules.every;
    // Where all is even by every view, a round of the code that ships is only slow.
    if (this.now >= one.frozenUntil && !this.isCalm) {
      this.look(one);
      const mine = this.leases.filter(({ holder }) => holder === one);
      const holdings = mine.map((lease): Holding => {
        const { name, hash } = lease;
        lease.losses = lease.losses.filter((at) => this.now - at < rules.rest);
        return {
          name,
          hash,
          priority: 50,
          isMovable: this.now - lease.movedAt >= rules.rest && lease.losses.length < 2,
        };
      });
      const move = nextMove(one, holdings, one.living.neighbours(this.now), this.now, rules);
      const lease = mine.find(({ name }) => name === move?.name);
      if (move !== null && lease !== undefined) {
        this.move(lease, one, this.processes.find(({ key }) => key === move.to.key) ?? null);
        pause = pauseAfter(move.surplus, rules.every);
      }
    }
    this.after(pause, () => this.round(one));
  }

  private move(lease: ModelLease, from: ModelProcess, to: ModelProcess | null): void {
    this.moves += 1;
    lease.moves += 1;
    this.shortestRest = Math.min(this.shortestRest, this.now - lease.movedAt);
    lease.movedAt = this.now;
    lease.holder = null;
    from.held -= 1;
    this.sign(from);
    this.follow(lease, from, 0, to?.alive ? to : null);
  }
}
