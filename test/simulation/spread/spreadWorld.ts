/** Processes with many subsystems in one store: that never two work at once, and how even, how soon and by how many moves. */
import assert from 'node:assert/strict';
import type { ResolvedRebalance } from '../../../src/options/rebalance.ts';
import { randomFrom } from '../../support/random.ts';
import { HeapClock } from './heapClock.ts';
import { ManyStore } from './manyStore.ts';
import { type SpreadMember, SpreadProcess } from './spreadProcess.ts';

/** A dead process may be given something as long as its line counts, and a read more. */
const DEAD_MAX_MS = 17_000;

interface Settings {
  readonly seed: number;
  readonly leases: number;
  readonly rebalance: ResolvedRebalance | null;
}

export class SpreadWorld {
  readonly clock = new HeapClock();
  readonly random: () => number;
  readonly names: readonly string[];
  readonly processes: SpreadProcess[] = [];
  readonly store: ManyStore;
  /** Whether calls are lost now and then, and late. */
  lossy = false;
  /** By name: how often it was claimed. */
  readonly claims = new Map<string, number>();
  /** By name: when it was last given away. */
  readonly movedAt = new Map<string, number>();
  moves = 0;
  /** How many subsystems of one process were at most held for a hand-over at a time. */
  handedOverTogether = 0;
  /** The last time that a mastership began. */
  lastBegin = 0;
  private readonly working = new Map<string, SpreadMember>();
  private broken: unknown = null;

  constructor(private readonly settings: Settings) {
    this.random = randomFrom(settings.seed);
    this.names = Array.from({ length: settings.leases }, (_, n) => `tenant-${n}`);
    this.store = new ManyStore(this.clock, {
      claimed: (name) => this.claims.set(name, (this.claims.get(name) ?? 0) + 1),
      given: (name, { state, reason, to, by }) => {
        if (state === 'accepted' && reason === 'rebalance') this.check(() => this.given(name, by, to ?? ''));
      },
    });
  }

  get alive(): SpreadProcess[] {
    return this.processes.filter(({ isDead, isStopping }) => !isDead && !isStopping);
  }

  get masters(): number {
    return this.working.size;
  }

  get shares(): { readonly most: number; readonly fewest: number; readonly share: number } {
    const held = this.alive.map((one) => one.held);
    return { most: Math.max(...held), fewest: Math.min(...held), share: this.names.length / held.length };
  }

  isEven(threshold: number): boolean {
    const { most, fewest, share } = this.shares;
    return most - fewest < 2 || most - fewest <= threshold * share;
  }

  /** For people. */
  get text(): string {
    const { most, fewest, share } = this.shares;
    return `from ${fewest} to ${most}, where the share is ${share}`;
  }

  /** How many moves it takes to give each process its share. */
  get need(): number {
    const { share } = this.shares;
    return this.alive.reduce((sum, { held }) => sum + Math.max(0, held - Math.ceil(share)), 0);
  }

  start(): SpreadProcess {
    const one = new SpreadProcess(this, this.processes.length + 1, this.names, this.settings.rebalance);
    this.processes.push(one);
    one.run();
    return one;
  }

  any(): SpreadProcess {
    const { alive } = this;
    const found = alive[Math.floor(this.random() * alive.length)];
    assert.ok(found !== undefined);
    return found;
  }

  async run(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= 1000) {
      await this.clock.advance(Math.min(1000, left));
      if (this.broken !== null) throw this.broken;
    }
  }

  drain({ drain: key, members }: SpreadProcess): void {
    for (const name of this.names) this.store.of(name).drains.set(key, { key, by: 'a test', at: new Date(0) });
    const count = (): void => {
      const held = [...members.values()].filter((member) => member.isHeld).length;
      this.handedOverTogether = Math.max(this.handedOverTogether, held);
      this.clock.at(this.clock.now() + 1, count);
    };
    count();
  }

  /** Tasks of up to so many ms begin all the time, in about a third of the subsystems. */
  workOn(most: number): void {
    this.clock.at(this.clock.now() + 100, () => {
      for (const member of this.working.values()) if (this.random() < 0.02) member.work(this.random() * most);
      this.workOn(most);
    });
  }

  /** Something happens each `every` ms, until then. */
  churn(every: number, until: number, happen: () => void): void {
    this.clock.at(this.clock.now() - Math.log(this.random()) * every, () => {
      if (this.clock.now() >= until) return;
      happen();
      this.churn(every, until, happen);
    });
  }

  // ---- what is checked at each moment ----

  begins(member: SpreadMember): void {
    const other = this.working.get(member.name);
    this.lastBegin = this.clock.now();
    this.check(() => assert.ok(other === undefined || other === member, `two work on ${member.name}`));
    this.working.set(member.name, member);
  }

  ends(member: SpreadMember): void {
    if (this.working.get(member.name) === member) this.working.delete(member.name);
  }

  private given(name: string, by: string, to: string): void {
    const now = this.clock.now();
    const rest = this.settings.rebalance?.rest ?? 0;
    const before = this.movedAt.get(name) ?? Number.NEGATIVE_INFINITY;
    this.moves += 1;
    this.movedAt.set(name, now);
    const dead = now - (this.processes[this.numberOf(to) - 1]?.diedAt.time ?? 0);
    assert.ok(!(dead > DEAD_MAX_MS), `${name} is given to ${to}, which has been dead for ${dead} ms`);
    // One that was there then knows of it, as soon as it has looked again.
    const knows = (this.processes[this.numberOf(by) - 1]?.startedAt ?? 0) < before - 2000;
    assert.ok(!knows || now - before >= rest - 2000, `${name} moves again ${now - before} ms after its last move`);
  }

  private numberOf(holder: string): number {
    return Number(/^h(\d+):/.exec(holder)?.[1]);
  }

  private check(assertion: () => void): void {
    try {
      assertion();
    } catch (error) {
      this.broken ??= error;
    }
  }
}
