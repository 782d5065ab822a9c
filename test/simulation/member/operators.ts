/**
 * What operators ask for in a simulated world: they write orders into the database, as the command line does, while whatever
 * else goes on. When the faults stop, they take everything back.
 */
import { CHANGES_MAX, changeId } from '../../../src/store/changes.ts';
import { hostDrain, type OrdersChange } from '../../../src/store/orders.ts';
import { changeOrders, type Database, type Documents } from './database.ts';
import type { SimulatedProcess } from './process.ts';
import { NAME } from './setting.ts';

interface OperatorsParts {
  readonly database: Database;
  readonly random: () => number;
  readonly note: ((text: string) => void) | null;
  now(): number;
  later(ms: number, run: () => void): void;
  living(): readonly SimulatedProcess[];
}

/** Until the database can be written again, in ms. */
const RETRY_MS = 50;

export class Operators {
  private requests = 0;

  constructor(private readonly parts: OperatorsParts) {}

  /** Asks for a hand-over of this term, to that member, or to any. */
  handOver(term: number, to: SimulatedProcess | null): void {
    this.requests += 1;
    const id = `request ${this.requests}`;
    // It is wanted back, though it may rest.
    to?.conduct.recalled();
    const order = { id, term, by: 'an operator', at: new Date(0), state: 'asked' as const };
    this.change({ handOver: to === null ? order : { ...order, to: to.id } });
  }

  /** Asks for one of the present term, or of the one before, as an operator who is late. */
  handOverSomehow(): void {
    const { database, random, living } = this.parts;
    const lease = database.main.current.lease?.lease;
    if (lease === undefined) return;
    const named = random() < 0.5 ? (living()[Math.floor(random() * living().length)] ?? null) : null;
    this.handOver(random() < 0.15 ? lease.term - 1 : lease.term, named);
  }

  /** Asks for a stored task that waits to be cancelled, or to have another payload. */
  changeSomehow(): void {
    const { database, random, note } = this.parts;
    const { tasks, done } = database.main.current;
    const waiting = [...tasks.values()].filter(({ seq, cancelled }) => seq > done && cancelled !== true);
    const task = waiting[Math.floor(random() * Math.min(waiting.length, 40))];
    if (task === undefined) return;
    this.requests += 1;
    const id = changeId(0, String(this.requests).padStart(6, '0'));
    const change = { name: NAME, id, seq: task.seq, key: task.id, running: random() < 0.5, by: 'an operator' };
    const bytes = random() < 0.25 ? task.bytes.slice() : null;
    note?.(`an operator asks for number ${task.seq} to be ${bytes === null ? 'cancelled' : 'changed'}`);
    const until = new Date(8_000_000_000_000_000);
    this.write(({ changes }) => void changes.put({ ...change, bytes, until }, CHANGES_MAX));
    this.change({ changes: { id } });
  }

  /** Pauses for so long; sometimes the members have to see the end of it themselves. */
  pause(ms: number): void {
    const { random, now, later } = this.parts;
    const standby = random() < 0.6;
    const until = random() < 0.5 ? { until: now() + ms } : {};
    this.change({ pause: { by: 'an operator', at: new Date(0), standby, ...until } });
    if (until.until === undefined) later(ms, () => this.change({ pause: null }));
  }

  drain(process: SimulatedProcess, ms: number): void {
    const key = drainOf(process.id);
    this.write((documents) => {
      documents.drains = new Set([...documents.drains, key]);
    });
    this.parts.later(ms, () =>
      this.write((documents) => {
        documents.drains = new Set([...documents.drains].filter((other) => other !== key));
      }),
    );
  }

  /** Takes all that was asked for back. */
  clear(): void {
    this.change({ handOver: null, pause: null });
    this.write((documents) => {
      documents.drains = new Set();
    });
  }

  private change(change: OrdersChange): void {
    this.parts.note?.(`an operator writes ${JSON.stringify(change)}`);
    this.write(() => {}, change);
  }

  /** At once, or when the server is up. */
  private write(change: (documents: Documents) => void, orders?: OrdersChange): void {
    const { database, later } = this.parts;
    if (database.down) return later(RETRY_MS, () => this.write(change, orders));
    if (orders === undefined) return database.main.write(change, () => {});
    const version = database.main.current.orders?.version ?? null;
    database.main.write(changeOrders(database.main, NAME, version, orders).change, () => {});
  }
}

/** The key of the drain of one simulated process, each of which has a host of its own name. */
export function drainOf(id: string): string {
  return hostDrain(id);
}
