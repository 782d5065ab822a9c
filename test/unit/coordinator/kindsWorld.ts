/**
 * Members of one name and of several kinds, in virtual time: the real member with its real election, on a store in
 * memory, with work that takes one task from its own queue at a time. Durable members share a queue; each member in
 * memory has its own; an unmanaged one has none.
 */
import assert from 'node:assert/strict';
import { type Duty, noLoad } from '../../../src/coordinator/duties/duty.ts';
import { Fitness } from '../../../src/coordinator/fitness.ts';
import { ClusterMember } from '../../../src/coordinator/member.ts';
import { StoreError } from '../../../src/errors.ts';
import type { ClusterKind } from '../../../src/options/configuration.ts';
import type { MemberEvent } from '../../../src/wire/messages.ts';
import { SimulatedLease } from '../../simulation/member/simulatedLease.ts';
import { type Fate, type MemoryConnection, MemoryStore, swift } from '../../support/memoryStore.ts';
import { ordinary } from '../../support/orders.ts';
import { unwatched } from '../../support/processes.ts';
import { VirtualClock } from '../../support/virtualClock.ts';
import { grace, intervals, ttl } from '../election/bench.ts';

/** What one task takes, in ms. */
const TASK = 100;
const never: Fate = { arrives: null, gap: 0, returns: null, fails: null };

interface Queue {
  tasks: number;
  done: number;
}

export class World {
  readonly clock = new VirtualClock({ now: 1_000_000 });
  readonly store = new MemoryStore(this.clock);
  readonly members: WorldMember[] = [];
  readonly stored: Queue = { tasks: 0, done: 0 };

  async start(kind: ClusterKind, settings: Record<string, string> = {}, answers?: () => boolean): Promise<WorldMember> {
    const member = new WorldMember(this, `${kind} ${this.members.length}`, kind, settings, answers);
    this.members.push(member);
    member.member.run();
    await this.clock.advance(10);
    // The first one is master, however long it has to look before.
    for (let waited = 0; this.members.length === 1 && waited < 2 * ttl && !member.isMaster; waited += 50) {
      await this.pass(50);
    }
    return member;
  }

  /** Lets time pass, and looks at each moment that no two members work. */
  async pass(ms: number): Promise<void> {
    const end = this.clock.now() + ms;
    while (this.clock.now() < end) {
      await this.clock.advance(Math.min(50, end - this.clock.now()));
      const masters = this.members.filter((each) => each.isMaster).map(({ id }) => id);
      assert.ok(masters.length <= 1, `at ${this.clock.now()} these work at once: ${masters}`);
    }
  }

  get master(): WorldMember | undefined {
    return this.members.find((each) => each.isMaster);
  }
}

class WorldMember {
  readonly member: ClusterMember;
  readonly lease: SimulatedLease;
  readonly events: MemberEvent[] = [];
  readonly queue: Queue;
  /** Whose leases it was told to follow. */
  readonly followed: (string | null)[] = [];
  masterships = 0;
  isDead = false;
  hasStopped = false;
  private works = false;

  constructor(
    private readonly world: World,
    readonly id: string,
    readonly kind: ClusterKind,
    settings: Record<string, string>,
    /** Whether what it asks of the store arrives there. */
    answers: () => boolean = () => true,
  ) {
    const { clock, stored } = world;
    this.queue = kind === 'durable' ? stored : { tasks: 0, done: 0 };
    this.lease = new SimulatedLease(clock);
    const fitness = new Fitness(
      {
        resign: (reason, code, nothingRuns) => this.member.resign(reason, code, nothingRuns),
        fit: () => this.member.fit(),
      },
      clock,
    );
    const store = this.connect(answers);
    this.member = new ClusterMember({
      ...{
        name: 'mixed',
        holder: id,
        host: 'here',
        pid: 1,
        version: '1.0.0',
        storeText: 'memory',
        intervals,
        grace,
        clock,
      },
      ...unwatched(clock),
      configuration: { kind, settings },
      standBack: (reason) => void fitness.complain('kind', 'ERR_CONFIGURATION_DIFFERS', reason),
      comeForward: () => fitness.withdraw('kind'),
      unfit: () => fitness.unfit,
      requestTimeout: 900,
      store,
      ...ordinary(store),
      lease: this.lease,
      emit: (event) => this.events.push(event),
      ended: () => {
        this.hasStopped = true;
      },
      makeDuty: () => this.work(),
    });
  }

  private connect(answers: () => boolean): MemoryConnection {
    const reaches = (): boolean => !this.isDead && answers();
    const connection = this.world.store.connect({ fate: () => (reaches() ? swift : never), timeLimit: 900 });
    const put = connection.putNotice.bind(connection);
    connection.putNotice = async (notice) => {
      if (!reaches()) throw new StoreError('ERR_STORE_UNAVAILABLE', 'lost');
      await put(notice);
    };
    return connection;
  }

  get isMaster(): boolean {
    return !this.isDead && this.lease.remaining() > 0;
  }

  get lives(): boolean {
    return !this.isDead && !this.hasStopped;
  }

  /** The texts of its errors of this kind. */
  get told(): string[] {
    return this.events.flatMap((event) =>
      event.type === 'error' && event.error.code === 'ERR_CONFIGURATION_DIFFERS' ? [event.error.message] : [],
    );
  }

  die(): void {
    this.isDead = true;
    this.works = false;
  }

  private work(): Duty {
    const end = (): void => {
      this.works = false;
    };
    return {
      progress: () => ({ identifier: null, count: this.queue.done, recent: [] }),
      elected: () => {
        this.masterships += 1;
        this.works = true;
        this.doNext();
      },
      ...{ hold: () => {}, unhold: () => {}, settled: async () => {} },
      ...{ fence: end, deposed: end, seenNothing: () => {} },
      seen: (lease) => this.followed.push(lease.holder),
      seenOtherKind: () => this.followed.push('another kind'),
      resume: () => {
        this.works = true;
        this.doNext();
      },
      drain: async () => {
        end();
        return 'drained';
      },
      load: async () => ({ ...noLoad, queued: this.kind === 'unmanaged' ? 0 : this.queue.tasks }),
    };
  }

  private doNext(): void {
    const { clock } = this.world;
    clock.at(clock.now() + TASK, () => {
      if (!this.works) return;
      if (this.queue.tasks > 0) {
        this.queue.tasks -= 1;
        this.queue.done += 1;
      }
      this.doNext();
    });
  }
}
