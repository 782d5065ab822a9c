/** One process of the world: real members of all subsystems, the real neighbourhood and the real rebalancer around them. */
import assert from 'node:assert/strict';
import { noLoad } from '../../../src/coordinator/duties/duty.ts';
import { ClusterMember } from '../../../src/coordinator/member.ts';
import { Turns } from '../../../src/coordinator/orders/turns.ts';
import { Neighbourhood } from '../../../src/coordinator/spread/neighbourhood.ts';
import { Rebalancer } from '../../../src/coordinator/spread/rebalancer.ts';
import type { ResolvedRebalance } from '../../../src/options/rebalance.ts';
import { processDrain } from '../../../src/store/orders.ts';
import { type Fate, swift } from '../../support/memoryStore.ts';
import { ordinary } from '../../support/orders.ts';
import { unwatched } from '../../support/processes.ts';
import { grace, intervals } from '../../unit/election/bench.ts';
import { SimulatedLease } from '../member/simulatedLease.ts';
import { connect, processStore } from './manyStore.ts';
import type { SpreadWorld } from './spreadWorld.ts';

const STOP_TIMEOUT = 3000;
const never: Fate = { arrives: null, gap: 0, returns: null, fails: null };

export class SpreadProcess {
  readonly members = new Map<string, SpreadMember>();
  readonly turns = new Turns();
  readonly drain: string;
  readonly neighbourhood: Neighbourhood;
  readonly startedAt: number;
  readonly diedAt = { time: Number.POSITIVE_INFINITY };
  private readonly rebalancer: Rebalancer | null;
  isStopping = false;
  private cutOffUntil = 0;

  constructor(
    readonly world: SpreadWorld,
    readonly number: number,
    names: readonly string[],
    rules: ResolvedRebalance | null,
  ) {
    const { clock } = world;
    this.startedAt = clock.now();
    this.drain = processDrain(`h${number}`, number, `${number}`);
    const store = processStore(world.store, this);
    const all = () => [...this.members.values()].map(({ member }) => member);
    this.neighbourhood = new Neighbourhood({
      ...{
        key: `${this.drain}/x`,
        process: this.drain,
        holders: `h${number}:`,
        store,
        clock,
        master: intervals.MASTER,
      },
      members: () => all().map((member) => member.candidacy),
    });
    for (const name of names) this.members.set(name, new SpreadMember(this, name));
    this.rebalancer =
      rules === null ? null : new Rebalancer({ rules, clock, store, neighbourhood: this.neighbourhood, members: all });
  }

  run(): void {
    for (const { member } of this.members.values()) member.run();
    this.neighbourhood.changed();
    this.rebalancer?.start();
  }

  get isDead(): boolean {
    return this.diedAt.time <= this.world.clock.now();
  }

  get held(): number {
    return [...this.members.values()].filter(({ works }) => works).length;
  }

  isOpen(): boolean {
    return !this.isDead && this.world.clock.now() >= this.cutOffUntil;
  }

  fate(): Fate {
    if (!this.isOpen()) return never;
    const { random, lossy } = this.world;
    if (!lossy) return { ...swift, arrives: 1 + random() * 4, returns: 1 + random() * 4 };
    const lost = random() < 0.005;
    return {
      arrives: lost && random() < 0.5 ? null : 1 + random() * 30,
      gap: 0,
      returns: lost ? null : 1 + random() * 30,
      fails: null,
    };
  }

  die(): void {
    this.diedAt.time = this.world.clock.now();
    for (const member of this.members.values()) member.end();
    this.rebalancer?.close();
    this.neighbourhood.silence();
  }

  /** It reaches the store no more, for so long. */
  cutOff(ms: number): void {
    this.cutOffUntil = Math.max(this.cutOffUntil, this.world.clock.now() + ms);
  }

  stop(): void {
    this.isStopping = true;
    this.rebalancer?.close();
    for (const { member } of this.members.values()) member.stop();
    void this.neighbourhood.close();
  }
}

export class SpreadMember {
  readonly member: ClusterMember;
  /** Whether it is master, and its work may run. */
  works = false;
  /** Whether no new task may begin. */
  isHeld = false;
  private runs = false;
  private readonly waiting: (() => void)[] = [];

  constructor(
    private readonly process: SpreadProcess,
    readonly name: string,
  ) {
    const { world, neighbourhood, drain, number, turns } = process;
    const { clock } = world;
    const store = connect(world.store, name, process);
    this.member = new ClusterMember({
      ...{
        holder: `h${number}:${name}`,
        host: `h${number}`,
        pid: number,
        version: '1.0.0',
        ...unwatched(clock),
        storeText: 'memory',
      },
      ...{ intervals, grace, clock, store, ...ordinary(store) },
      ...{ name, stopTimeout: STOP_TIMEOUT, drain, drains: [drain], turns },
      pollsOfRank: (lease) => neighbourhood.polls(name, 50, lease),
      configuration: { kind: 'memory', settings: {} },
      standBack: () => {},
      comeForward: () => {},
      unfit: () => null,
      requestTimeout: 900,
      lease: new SimulatedLease(clock),
      emit: () => {},
      ended: () => {},
      makeDuty: () => this.duty(),
    });
  }

  private duty(): ReturnType<ConstructorParameters<typeof ClusterMember>[0]['makeDuty']> {
    return {
      progress: () => ({ identifier: null, count: 0, recent: [] }),
      elected: () => this.begin(),
      resume: () => this.begin(),
      fence: () => this.end(),
      deposed: () => this.end(),
      ...{ seen: () => {}, seenNothing: () => {}, seenOtherKind: () => {} },
      hold: () => {
        this.isHeld = true;
      },
      unhold: () => {
        this.isHeld = false;
      },
      settled: () => (this.runs ? new Promise((resolve) => this.waiting.push(resolve)) : Promise.resolve()),
      drain: async () => {
        const isStop = this.member.candidacy.isMaster && this.process.isDead;
        assert.ok(!this.runs || isStop || !this.isHeld, `${this.process.drain} gives ${this.name} away amid a task`);
        this.end();
        return 'drained';
      },
      load: async () => noLoad,
    };
  }

  private begin(): void {
    if (this.process.isDead) return;
    this.works = true;
    this.process.world.begins(this);
  }

  end(): void {
    if (this.works) this.process.world.ends(this);
    this.works = false;
    this.finish();
  }

  /** A task begins, unless none may, and takes so long. */
  work(ms: number): void {
    if (!this.works || this.isHeld || this.runs) return;
    const { clock } = this.process.world;
    this.runs = true;
    clock.at(clock.now() + ms, () => this.finish());
  }

  private finish(): void {
    this.runs = false;
    for (const resolve of this.waiting.splice(0)) resolve();
  }
}
