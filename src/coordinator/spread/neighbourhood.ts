/**
 * Says to the other processes that this one lives, and reads which of them do: a write and a read each SIGN, for all members of
 * the coordinator together. A coordinator with one member says nothing, because there is nothing to spread. A store that fails
 * here is asked again the next time. What is not known costs time alone: members then claim as if no other process lived.
 */
import { createHash } from 'node:crypto';
import { logFor } from '../../diagnostics/log.js';
import type { CandidacyGroup } from '../../store/presence.js';
import { presenceId } from '../../store/presenceDocuments.js';
import type { Lease, Store } from '../../store/store.js';
import type { Cancel, Clock } from '../../time/clock.js';
import { Living, type Neighbour } from './living.js';
import { hashOf, pollsOfRank, rankOf } from './rank.js';

/** Both in MASTER. */
const SIGN_MASTERS = 2;
const SILENCE_MASTERS = 6;
/** Turns begin at multiples of this, in ms, when electors wake, too: the end of each timer blocks the thread (systemClock.ts). */
const TURN_GRID_MS = 250;
/** Members from which on there is something to spread. */
const MEMBERS_MIN = 2;

/** One member of this coordinator. */
export interface Candidacy {
  readonly name: string;
  readonly priority: number;
  readonly isMaster: boolean;
  /** Whether it could be master, as far as its work, its store and its orders go. */
  readonly isCandidate: boolean;
}

interface NeighbourhoodParts {
  readonly key: string;
  readonly process: string;
  readonly holders: string;
  readonly store: Pick<Store, 'putPresence' | 'readPresences' | 'removeMember'>;
  readonly clock: Clock;
  /** In ms. */
  readonly master: number;
  /** Returns the members that there are now. */
  members(): readonly Candidacy[];
}

const log = logFor('failover');

export class Neighbourhood {
  readonly key: string;
  readonly hash: number;
  private readonly living: Living;
  private readonly hashes = new Map<string, number>();
  private readonly period: number;
  private count = 0;
  private cancel: Cancel | null = null;
  private turning: Promise<void> = Promise.resolve();
  private signing: Promise<void> = Promise.resolve();
  private looking: Promise<boolean> = Promise.resolve(false);
  private closed = false;
  /** Whether a line of this process is in the store, as far as it knows. */
  private written = false;
  private alive: readonly Neighbour[] = [];

  constructor(private readonly parts: NeighbourhoodParts) {
    const { key, master } = parts;
    this.key = key;
    this.hash = hashOf(key);
    this.period = SIGN_MASTERS * master;
    this.living = new Living(key, SILENCE_MASTERS * master);
  }

  /** The members of this coordinator have changed. */
  changed(): void {
    if (this.closed || this.cancel !== null || this.parts.members().length < MEMBERS_MIN) return;
    this.again(0);
  }

  /** The processes that live now, but for this one. */
  get neighbours(): readonly Neighbour[] {
    return this.alive;
  }

  /** Returns how much later than the first of the standbys a member of this name claims, in POLL. */
  polls(name: string, priority: number, lease: Pick<Lease, 'claim'> | null): number {
    if (this.alive.length === 0) return 0;
    const hash = this.hashOfName(name);
    const { key } = this.parts;
    const others = this.alive.flatMap((one) => {
      // What it had it has lost, or has given away: the others come first.
      const its = lease?.claim.startsWith(one.holders) ? null : one.priorityFor(hash);
      return its === null ? [] : [{ hash: one.hash, key: one.key, priority: its }];
    });
    return pollsOfRank(rankOf(hash, { hash: this.hash, key, priority }, others));
  }

  hashOfName(name: string): number {
    const known = this.hashes.get(name);
    if (known !== undefined) return known;
    const hash = hashOf(name);
    this.hashes.set(name, hash);
    return hash;
  }

  /** Takes the line of this process away. Never rejects. */
  async close(): Promise<void> {
    this.silence();
    // A store that was never reached has no line of this process, and would be waited for.
    if (!this.written) return;
    await this.turning;
    await this.signing;
    await this.parts.store.removeMember(presenceId(this.parts.key)).catch(() => {});
  }

  /** Says and reads nothing any more. */
  silence(): void {
    this.closed = true;
    this.cancel?.();
    this.alive = [];
  }

  // ---- each turn ----

  private again(delay: number): void {
    const { clock } = this.parts;
    const time = Math.ceil((clock.now() + delay) / TURN_GRID_MS) * TURN_GRID_MS;
    this.cancel = clock.at(time, () => {
      this.turning = this.turn();
    });
  }

  private async turn(): Promise<void> {
    await Promise.all([this.sign(), this.look()]);
    this.cancel = null;
    if (!this.closed && this.parts.members().length >= MEMBERS_MIN) this.again(this.period);
    else this.alive = [];
  }

  /** Signs after the sign that is under way, so none can land over a newer one. Never rejects. */
  sign(): Promise<void> {
    this.signing = this.signing.then(() => this.signNow());
    return this.signing;
  }

  private async signNow(): Promise<void> {
    const { key, process, holders, store } = this.parts;
    const members = this.parts.members();
    const candidacies = this.groupsOf(members);
    const held = members.filter(({ isMaster }) => isMaster).length;
    this.count += 1;
    const line = { key, process, holders, count: this.count, held, set: setOf(candidacies), candidacies };
    try {
      await store.putPresence(line);
      this.written = true;
    } catch (error) {
      log('the line of this process was not written: %s', String(error));
    }
  }

  /**
   * Reads who lives, after the read that is under way: of two at once the older answer may come last. Resolves to whether the
   * store has answered. Never rejects.
   */
  look(): Promise<boolean> {
    this.looking = this.looking.then(() => this.lookNow());
    return this.looking;
  }

  private async lookNow(): Promise<boolean> {
    const { store, clock } = this.parts;
    try {
      const lines = await store.readPresences(this.living.sets);
      if (this.closed) return false;
      this.living.observe(lines, clock.now());
      this.alive = this.living.neighbours(clock.now());
      return true;
    } catch (error) {
      log('the lines of the processes were not read: %s', String(error));
      this.alive = this.living.neighbours(clock.now());
      return false;
    }
  }

  private groupsOf(members: readonly Candidacy[]): CandidacyGroup[] {
    const byPriority = new Map<number, number[]>();
    for (const { name, priority, isCandidate } of members) {
      if (!isCandidate) continue;
      const group = byPriority.get(priority) ?? [];
      group.push(this.hashOfName(name));
      byPriority.set(priority, group);
    }
    const groups = [...byPriority].sort(([a], [b]) => a - b);
    return groups.map(([priority, names]) => ({ priority, names: Uint32Array.from(names).sort() }));
  }
}

function setOf(groups: readonly CandidacyGroup[]): string {
  const hash = createHash('sha256');
  for (const { priority, names } of groups) hash.update(`${priority}:${names.join()};`);
  return hash.digest('base64url').slice(0, 16);
}
