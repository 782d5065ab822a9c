/**
 * Knows which idle connections of a client may be dead, from the events of its pools. A middle box (a load balancer, a
 * firewall, NAT) forgets a connection after some minutes without traffic and tells neither end. The next command on it
 * gets no answer.
 */
import type { MongoClient } from 'mongodb';
import { isWritable } from './availability.js';

/** A check begins with at most so many pings. A burst may leave a hundred connections, and those below go unused. */
const CHECKED_AT_ONCE = 16;
/** Of connections that are merely old so many are checked at least: those that the driver keeps in any case. */
const IN_USE_MIN = 4;
/** How long it counts, at least, that so many were used at once, in ms. */
const USE_WINDOW_MS = 30_000;

interface Idle {
  readonly id: unknown;
  readonly heardAt: number;
  /** How many doubts there had been when it was heard: a clock may not move between a doubt and an answer. */
  readonly doubts: number;
}

interface Pool {
  /** Those that wait in the pool, in the order in which the driver hands them out. */
  readonly idle: Idle[];
  /** Those that have a command, or a ping, as they were when they were handed out. */
  readonly out: Map<unknown, Idle | undefined>;
}

export class IdleConnections {
  private readonly pools = new Map<string, Pool>();
  private readonly writable = new Set<string>();
  private doubts = 0;
  /** How many commands were under way at once, in this window of time and in the one before. */
  private used = { window: 0, most: 0, before: 0 };

  constructor(
    /** How long after its last answer a connection is trusted, in ms. */
    private readonly freshFor: number,
    private readonly now: () => number,
  ) {}

  watch(client: MongoClient): void {
    client.on('serverDescriptionChanged', ({ address, newDescription }) => {
      if (isWritable(newDescription)) this.writable.add(address);
      else this.writable.delete(address);
    });
    client.on('connectionReady', ({ address, connectionId }) => {
      this.pool(address).idle.push(this.heard(connectionId));
    });
    client.on('connectionCheckedOut', ({ address, connectionId }) => {
      const taken = this.forget(address, connectionId);
      this.pool(address).out.set(connectionId, taken);
    });
    client.on('connectionCheckedIn', ({ address, connectionId }) => {
      this.forget(address, connectionId);
      this.pool(address).idle.unshift(this.heard(connectionId));
    });
    client.on('connectionClosed', ({ address, connectionId }) => this.forget(address, connectionId));
    client.on('connectionPoolClosed', ({ address }) => this.pools.delete(address));
  }

  /** So many commands are under way at once. */
  uses(count: number): void {
    const window = Math.floor(this.now() / USE_WINDOW_MS);
    const { used } = this;
    if (window === used.window) used.most = Math.max(used.most, count);
    else this.used = { window, most: count, before: window === used.window + 1 ? used.most : 0 };
  }

  /** A command has no answer yet, so no connection is trusted before it has answered again. */
  suspect(): void {
    this.doubts += 1;
  }

  /**
   * Returns how many pings are to be sent if the next command would get a connection that is not trusted; 0 if it gets a trusted
   * one or a new one. `underWay` commands have been sent and have no answer yet. In doubt all idle ones are pinged. Of those that are
   * merely old only as many as are of use: what a burst has left grows old, and the driver closes it. If others were heard lately,
   * one: the server is there, and this is a command beyond those that are sent each time.
   */
  toCheck(underWay: number): number {
    const stale = this.nextOf(underWay).filter((one) => this.isStale(one));
    if (stale.length === 0) return 0;
    const isDoubted = stale.some((one) => one !== undefined && one.doubts < this.doubts);
    const most = Math.min(CHECKED_AT_ONCE, this.beyond(0));
    if (isDoubted) return most;
    return this.hasTrusted ? 1 : Math.min(most, Math.max(IN_USE_MIN, this.inUse));
  }

  /** What the next command gets. */
  next(underWay: number): 'trusted' | 'stale' | 'new' {
    const next = this.nextOf(underWay).filter((one) => one !== undefined);
    if (next.some((one) => this.isStale(one))) return 'stale';
    return next.length > 0 ? 'trusted' : 'new';
  }

  /** Returns how many are idle beyond those that commands get that have none yet. */
  beyond(underWay: number): number {
    const idle = this.takingWrites.reduce((sum, pool) => sum + pool.idle.length, 0);
    return Math.max(0, idle - this.withoutOne(underWay));
  }

  /** Returns what the next command gets in each pool: those that have no connection yet come first. */
  private nextOf(underWay: number): (Idle | undefined)[] {
    const waiting = this.withoutOne(underWay);
    return this.takingWrites.map(({ idle }) => idle[waiting]);
  }

  private withoutOne(underWay: number): number {
    if (underWay === 0) return 0;
    const out = this.takingWrites.reduce((sum, pool) => sum + pool.out.size, 0);
    return Math.max(0, underWay - out);
  }

  private get takingWrites(): Pool[] {
    return [...this.writable].map((address) => this.pools.get(address)).filter((pool) => pool !== undefined);
  }

  /** Whether one was heard lately, be it idle or handed out. */
  private get hasTrusted(): boolean {
    const isTrusted = (one: Idle | undefined): boolean => one !== undefined && !this.isStale(one);
    return this.takingWrites.some(({ idle, out }) => idle.some(isTrusted) || [...out.values()].some(isTrusted));
  }

  private get inUse(): number {
    this.uses(0);
    return Math.max(this.used.most, this.used.before);
  }

  private isStale(connection: Idle | undefined): boolean {
    if (connection === undefined) return false;
    return connection.doubts < this.doubts || this.now() - connection.heardAt > this.freshFor;
  }

  private heard(id: unknown): Idle {
    return { id, heardAt: this.now(), doubts: this.doubts };
  }

  private pool(address: string): Pool {
    const known = this.pools.get(address);
    if (known !== undefined) return known;
    const pool: Pool = { idle: [], out: new Map() };
    this.pools.set(address, pool);
    return pool;
  }

  /** Returns it if it was idle. */
  private forget(address: string, connection: unknown): Idle | undefined {
    const { idle, out } = this.pool(address);
    out.delete(connection);
    const at = idle.findIndex(({ id }) => id === connection);
    return at >= 0 ? idle.splice(at, 1)[0] : undefined;
  }
}
