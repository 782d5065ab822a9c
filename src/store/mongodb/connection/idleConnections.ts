/**
 * Knows which idle connections of a client may be dead, from the events of its pools. A middle box (a load balancer, a
 * firewall, NAT) forgets a connection after some minutes without traffic and tells neither end. The next command on it
 * gets no answer.
 */
import type { MongoClient } from 'mongodb';
import { isWritable } from './availability.js';

/** At most so many connections are checked at once. A burst may leave a hundred, and those below go unused. */
const CHECKED_AT_ONCE = 16;

interface Pool {
  /** Those that wait in the pool, in the order in which the driver hands them out. */
  readonly idle: { readonly id: unknown; readonly heardAt: number }[];
  readonly out: Set<unknown>;
}

export class IdleConnections {
  private readonly pools = new Map<string, Pool>();
  private readonly writable = new Set<string>();
  private suspectedAt = Number.NEGATIVE_INFINITY;

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

  /** A command has no answer yet, so no connection is trusted before it has answered again. */
  suspect(): void {
    this.suspectedAt = this.now();
  }

  /**
   * Returns how many commands it takes to reach every idle connection if the next command would get one that is not
   * trusted; 0 if it gets a trusted one or a new one. `underWay` commands have been sent and have no answer yet.
   */
  toCheck(underWay: number): number {
    const pools = [...this.writable].map((address) => this.pools.get(address)).filter((pool) => pool !== undefined);
    const out = pools.reduce((sum, pool) => sum + pool.out.size, 0);
    // Those that have no connection yet come first.
    const waiting = Math.max(0, underWay - out);
    if (!pools.some(({ idle }) => this.isStale(idle[waiting]))) return 0;
    return Math.min(
      CHECKED_AT_ONCE,
      pools.reduce((sum, { idle }) => sum + idle.length, 0),
    );
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
