/**
 * Gives masterships away where this process has more than its share: one after another, and each only once another process has
 * been seen to live, a moment ago, that may take it. `nextMove` decides which; the hand-over is that of operators, and the
 * lease is released as it may be at any time. One for each coordinator.
 */
import { logFor } from '../../diagnostics/log.js';
import type { ResolvedRebalance } from '../../options/rebalance.js';
import { isGone } from '../../requests/members.js';
import type { Member, Store } from '../../store/store.js';
import type { Cancel, Clock } from '../../time/clock.js';
import type { Neighbour } from './living.js';
import type { Candidacy } from './neighbourhood.js';
import { pauseAfter } from './pace.js';
import { type Holding, type Move, nextMove } from './sharing.js';

/** How long no move of a subsystem is tried again that could not be begun, in ms. */
const REFUSED_REST_MS = 60_000;

/** One member of this coordinator. */
export interface Giver extends Pick<Candidacy, 'name' | 'priority' | 'isMaster'> {
  readonly giving: {
    /** Returns whether its mastership may be given away, if it rests so long between two moves, in ms. */
    isMovable(rest: number): boolean;
    /** Hands its mastership over to that member. `patience`: how long its running task may take to end, in ms. */
    give(to: string, patience: number): Promise<boolean>;
  };
}

export interface RebalancerParts {
  readonly rules: ResolvedRebalance;
  readonly clock: Clock;
  readonly store: Pick<Store, 'listMembers'>;
  readonly neighbourhood: {
    readonly key: string;
    readonly hash: number;
    readonly neighbours: readonly Neighbour[];
    hashOfName(name: string): number;
    look(): Promise<boolean>;
    sign(): Promise<void>;
  };
  /** Returns the members that there are now. */
  members(): readonly Giver[];
}

/** The line after a hand-over may have been written before the claim. */
const LINES_LATE = 1;

const log = logFor('failover');

export class Rebalancer {
  private cancel: Cancel = () => {};
  private closed = false;
  /** By name: until when no move of it is tried. */
  private readonly refused = new Map<string, number>();
  /** By the key of another process: the numbers of the lines that it had written when it was given something. */
  private readonly given = new Map<string, number[]>();

  constructor(private readonly parts: RebalancerParts) {}

  start(): void {
    this.again(this.parts.rules.every);
  }

  close(): void {
    this.closed = true;
    this.cancel();
  }

  private again(pause: number): void {
    const { clock } = this.parts;
    this.cancel = clock.at(clock.now() + pause, () => {
      void this.round().then((next) => {
        if (!this.closed) this.again(next);
      });
    });
  }

  /** Makes one move, if there is one to make. Resolves to the pause after it, and never rejects. */
  private async round(): Promise<number> {
    const { rules, neighbourhood } = this.parts;
    const move = await this.choose();
    if (move === null) return rules.every;
    const { name, to, surplus } = move;
    if (!(await this.make(move))) {
      this.refused.set(name, this.parts.clock.now() + REFUSED_REST_MS);
      return rules.every;
    }
    log('%s: was handed over to %s, which has %d masterships: rebalance', name, to.key, to.held);
    this.given.set(to.key, [...(this.given.get(to.key) ?? []), to.count]);
    // The others should decide by what is so now.
    await neighbourhood.sign();
    return pauseAfter(surplus, rules.every);
  }

  private async choose(): Promise<Move | null> {
    const { rules, clock, neighbourhood } = this.parts;
    if (!this.parts.members().some(({ isMaster }) => isMaster)) return null;
    // A view that is seconds old would have several processes give to one.
    if (!(await neighbourhood.look()) || this.closed) return null;
    const now = clock.now();
    const { key, hash } = neighbourhood;
    return nextMove({ key, hash }, this.holdings(now), this.neighbours(), now, rules);
  }

  /** With what they were given, and may not have counted when they wrote their lines: otherwise this process would give too much. */
  private neighbours(): Neighbour[] {
    const { neighbours } = this.parts.neighbourhood;
    const found = neighbours.map((one) => {
      const uncounted = (this.given.get(one.key) ?? []).filter((count) => one.count <= count + LINES_LATE);
      this.given.set(one.key, uncounted);
      return { ...one, held: one.held + uncounted.length };
    });
    for (const key of this.given.keys()) if (!found.some((one) => one.key === key)) this.given.delete(key);
    return found;
  }

  private holdings(now: number): Holding[] {
    const { rules, neighbourhood } = this.parts;
    const held = this.parts.members().filter(({ isMaster }) => isMaster);
    return held.map((member) => {
      const { name, priority } = member;
      const isRefused = now < (this.refused.get(name) ?? now);
      const isMovable = !isRefused && member.giving.isMovable(rules.rest);
      return { name, hash: neighbourhood.hashOfName(name), priority, isMovable };
    });
  }

  /** Resolves to whether the mastership was handed over. */
  private async make({ name, to }: Move): Promise<boolean> {
    const { store, rules, clock } = this.parts;
    try {
      const members = await store.listMembers(name);
      const now = clock.wall();
      // It would not see whom the mastership is for, and claim as soon as that is released.
      if (members.some((member) => knowsNoRequests(member) && !isGone(member, now))) return false;
      const taker = members.find((member) => isOf(member, to));
      const giver = this.parts.members().find((member) => member.name === name && member.isMaster);
      if (taker === undefined || giver === undefined || this.closed) return false;
      return await giver.giving.give(taker.id, rules.patience);
    } catch (error) {
      log('%s: was not handed over: %s', name, String(error));
      return false;
    }
  }
}

/** Returns whether this is a standby of a version that knows of no hand-overs. */
function knowsNoRequests({ state, drain }: Member): boolean {
  return drain === undefined && isStandby(state);
}

function isStandby(state: string): boolean {
  return state === 'slave' || state === 'ticking';
}

/** Returns whether this is a member of that process that could be master, by its line. */
function isOf({ id, state, drained, priority, drain }: Member, { process, holders }: Neighbour): boolean {
  const isIts = drain === process && id.startsWith(holders);
  return isIts && drained !== true && priority !== 0 && isStandby(state);
}
