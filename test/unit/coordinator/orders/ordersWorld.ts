/** Real members around real electors, in one store and under one clock, whose work and whose operators a test plays. */
import { noLoad } from '../../../../src/coordinator/duties/duty.ts';
import { ClusterMember } from '../../../../src/coordinator/member.ts';
import { Asking } from '../../../../src/coordinator/orders/asking.ts';
import type { Turns } from '../../../../src/coordinator/orders/turns.ts';
import { StoreError } from '../../../../src/errors.ts';
import type { HandOverRequest, MemberEvent } from '../../../../src/wire/messages.ts';
import { SharedLease } from '../../../../src/wire/sharedLease.ts';
import { type Fate, type MemoryConnection, MemoryStore, swift } from '../../../support/memoryStore.ts';
import { ordinary } from '../../../support/orders.ts';
import { unwatched } from '../../../support/processes.ts';
import { VirtualClock } from '../../../support/virtualClock.ts';
import { grace, intervals } from '../../election/bench.ts';

export const NAME = 'ordered';
export const STOP_TIMEOUT = 3000;
const never: Fate = { arrives: null, gap: 0, returns: null, fails: null };

interface Traits {
  readonly priority?: number;
  readonly turns?: Turns;
  readonly drains?: readonly string[];
}

export class OrdersWorld {
  /** At the real time, which the lease in shared memory reads. */
  readonly clock = new VirtualClock({ now: Number(process.hrtime.bigint()) / 1e6 });
  readonly store = new MemoryStore(this.clock).settleForGood();
  readonly members: OrderedMember[] = [];

  private requests = 0;

  nextRequest(): number {
    this.requests += 1;
    return this.requests;
  }

  /** Adds a member, and lets it join. */
  async add(id: string, traits: Traits = {}): Promise<OrderedMember> {
    const member = new OrderedMember(this, id, traits);
    this.members.push(member);
    member.member.run();
    await this.clock.advance(20);
    return member;
  }

  get masters(): string[] {
    return this.members.filter(({ works }) => works).map(({ id }) => id);
  }

  /** What a call has come to after so many ms. */
  async after<T>(ms: number, call: Promise<T>): Promise<{ value: T } | { code: unknown; message: string } | null> {
    let outcome: { value: T } | { code: unknown; message: string } | null = null;
    call.then(
      (value) => {
        outcome = { value };
      },
      (error: Error & { code?: unknown }) => {
        outcome = { code: error.code, message: error.message };
      },
    );
    await this.clock.advance(ms);
    return outcome;
  }
}

export class OrderedMember {
  readonly member: ClusterMember;
  readonly connection: MemoryConnection;
  readonly asking: Asking;
  readonly events: MemberEvent[] = [];
  /** Whether it is master, and may begin tasks as far as the election goes. */
  works = false;
  held = false;
  /** Whether a task runs. */
  runs = false;
  isDead = false;
  /** Whether it reads the orders beside its beats, as earlier versions do not. */
  isOld = false;
  readonly stuckReasons: string[] = [];
  drains: 'drained' | 'stuck' = 'drained';
  /** How long the end of its work takes, in ms. */
  drainTakes = 0;
  private readonly waiting: (() => void)[] = [];

  constructor(
    private readonly world: OrdersWorld,
    readonly id: string,
    traits: Traits,
  ) {
    const { clock, store } = world;
    this.connection = store.connect({ fate: () => (this.isDead ? never : swift), timeLimit: 900 });
    this.guardCalls();
    const { connection } = this;
    this.asking = new Asking({
      ...{ name: NAME, by: id, store: connection, clock, poll: intervals.POLL },
      newId: () => `${id}/${world.nextRequest()}`,
    });
    const common = ordinary(connection);
    this.member = new ClusterMember({
      ...{
        holder: id,
        host: 'here',
        pid: 1,
        version: '1.0.0',
        ...unwatched(clock),
        storeText: 'memory',
        intervals,
        grace,
        clock,
      },
      ...common,
      ...{ name: NAME, stopTimeout: STOP_TIMEOUT, drains: [`process/${id}`], drain: `process/${id}`, ...traits },
      readOrders: (asked) => (this.isOld ? new Promise(() => {}) : common.readOrders(asked)),
      stuck: (reason) => this.stuckReasons.push(reason),
      configuration: { kind: 'memory', settings: {} },
      standBack: () => {},
      comeForward: () => {},
      unfit: () => null,
      requestTimeout: 900,
      store: connection,
      lease: new SharedLease(),
      emit: (event) => this.events.push(event),
      ended: () => {},
      makeDuty: () => this.duty(),
    });
  }

  private guardCalls(): void {
    const { connection } = this;
    const { readOrders, writeOrders, putPreferred } = connection;
    const alive = async <T>(call: () => Promise<T>): Promise<T> => {
      if (this.isDead) throw new StoreError('ERR_STORE_UNAVAILABLE', 'lost');
      return call();
    };
    connection.readOrders = (asked) => alive(() => readOrders.call(connection, asked));
    connection.writeOrders = (...args) => alive(() => writeOrders.apply(connection, args));
    connection.putPreferred = (sign) => alive(() => putPreferred.call(connection, sign));
  }

  private duty(): ReturnType<ConstructorParameters<typeof ClusterMember>[0]['makeDuty']> {
    const end = (): void => {
      this.works = false;
    };
    return {
      progress: () => ({ identifier: null, count: 0, recent: [] }),
      elected: () => {
        this.works = true;
      },
      ...{ fence: end, deposed: end, seen: () => {}, seenNothing: () => {}, seenOtherKind: () => {} },
      resume: () => {
        this.works = true;
      },
      hold: () => {
        this.held = true;
      },
      unhold: () => {
        this.held = false;
      },
      settled: () => (this.runs ? new Promise((resolve) => this.waiting.push(resolve)) : Promise.resolve()),
      drain: async () => {
        end();
        await this.pauseFor(this.drainTakes);
        return this.drains;
      },
      load: async () => noLoad,
    };
  }

  private async pauseFor(ms: number): Promise<void> {
    const { clock } = this.world;
    if (ms > 0) await new Promise<void>((resolve) => clock.at(clock.now() + ms, resolve));
  }

  /** The running task ends. */
  finish(): void {
    this.runs = false;
    for (const resolve of this.waiting.splice(0)) resolve();
  }

  /** Its process is gone, in the middle of whatever it was. */
  die(): void {
    this.isDead = true;
    this.works = false;
  }

  handOver(request: Partial<HandOverRequest> = {}): Promise<unknown> {
    return this.asking.handOver({ to: null, ifTerm: null, reason: null, timeout: 30_000, ...request });
  }

  pause(request: { standby?: boolean; for?: number } = {}): Promise<void> {
    return this.asking.pause({ reason: null, for: null, standby: false, ...request });
  }

  /** The types of the events that orders cause, since this was last asked. */
  news(): string[] {
    const types = this.events.splice(0).map(({ type }) => type);
    return types.filter((type) => type === 'paused' || type === 'resumed' || type === 'error');
  }
}
