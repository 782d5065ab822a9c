/**
 * Knows which idle connections of a client may be dead, from the events of its pools. A middle box (a load balancer, a
 * firewall, NAT) forgets a connection after some minutes without traffic and tells neither end. The next command on it
 * gets no answer.
 */
import type { MongoClient } from 'mongodb';
import { isWritable } from './availability.js';

/** At most so many connections are checked at once. A burst may leave a hundred, and those below go unused. */
const CHECKED_AT_ONCE = 16;
/** Of connections that are merely old so many are checked at least: those that the driver keeps in any case. */
const IN_USE_MIN = 4;
/** How long it counts, at least, that so many were used at once, in ms. */
const USE_WINDOW_MS = 30_000;

interface Pool {
  /** Those that wait in the pool, in the order in which the driver hands them out. */
  readonly idle: { readonly id: unknown; readonly heardAt: number }[];
  readonly out: Set<unknown>;
}

export class IdleConnections {
  private readonly pools = new Map<string, Pool>();
  private readonly writable = new Set<string>();
  private suspectedAt = Number.NEGATIVE_INFINITY;
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
      this.pool(address).idle.push({ id: connectionId, heardAt: this.now() });
    });
    client.on('connectionCheckedOut', ({ address, connectionId }) => {
      this.forget(address, connectionId);
      this.pool(address).out.add(connectionId);
    });
    client.on('connectionCheckedIn', ({ address, connectionId }) => {
      this.forget(address, connectionId);
      this.pool(address).idle.unshift({ id: connectionId, heardAt: this.now() });
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
    this.suspectedAt = this.now();
  }

  /**
   * Returns how many pings are to be sent if the next command would get a connection that is not trusted; 0 if it gets a trusted
   * one or a new one. `underWay` commands have been sent and have no answer yet. In doubt all idle ones are pinged. Of those that are
   * merely old only as many as are of use: what a burst has left grows old, and the driver closes it.
   */
  toCheck(underWay: number): number {
    const pools = [...this.writable].map((address) => this.pools.get(address)).filter((pool) => pool !== undefined);
    const out = pools.reduce((sum, pool) => sum + pool.out.size, 0);
    // Those that have no connection yet come first.
    const waiting = Math.max(0, underWay - out);
    const next = pools.map(({ idle }) => idle[waiting]).filter((one) => this.isStale(one));
    if (next.length === 0) return 0;
    const isDoubted = next.some((one) => one !== undefined && one.heardAt <= this.suspectedAt);
    return isDoubted ? this.allIdle : Math.min(this.allIdle, Math.max(IN_USE_MIN, this.inUse));
  }

  /** How many pings it takes to reach all that are idle, or as many as are checked at once. */
  get allIdle(): number {
    let sum = 0;
    for (const address of this.writable) sum += this.pools.get(address)?.idle.length ?? 0;
    return Math.min(CHECKED_AT_ONCE, sum);
  }

  private get inUse(): number {
    this.uses(0);
    return Math.max(this.used.most, this.used.before);
  }

  private isStale(connection: { readonly heardAt: number } | undefined): boolean {
    if (connection === undefined) return false;
    const { heardAt } = connection;
    return heardAt <= this.suspectedAt || this.now() - heardAt > this.freshFor;
  }

  private pool(address: string): Pool {
    const known = this.pools.get(address);
    if (known !== undefined) return known;
    const pool: Pool = { idle: [], out: new Set() };
    this.pools.set(address, pool);
    return pool;
  }

  private forget(address: string, connection: unknown): void {
    const { idle, out } = this.pool(address);
    out.delete(connection);
    const at = idle.findIndex(({ id }) => id === connection);
    if (at >= 0) idle.splice(at, 1);
  }
}
