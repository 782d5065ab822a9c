/** What operators ask for, in the embedded store: each call within one transaction. */
import { StoreError } from '../../errors.js';
import { type Fields, isFields, isOfOurFormat, readableIn } from '../documents.js';
import {
  OrdersReader,
  seenOrders,
  storedChange,
  storedDrain,
  storedPreferred,
  storedSubsystem,
} from '../orderDocuments.js';
import type { Drain, OrdersAsked, OrdersChange, Preferred, SeenOrders } from '../orders.js';
import type { Entries } from './environment.js';
import { drainKey, drainNameOf, drainRange, ordersKey, preferredKey } from './keys.js';

export class EmbeddedOrders {
  constructor(
    private readonly entries: Entries,
    /** The store as messages call it, and the wall clock, in ms. */
    private readonly facts: { readonly path: string; wall(): number },
  ) {}

  readOrders(asked: readonly OrdersAsked[]): SeenOrders[] {
    return asked.map(this.reads());
  }

  /** Returns what reads in this transaction. Members of one process ask about the same drains, which are looked for once. */
  reads(): (asked: OrdersAsked) => SeenOrders {
    let known: { readonly drains: readonly string[]; readonly drained: boolean } | undefined;
    return (asked) => {
      const { drains = [] } = asked;
      if (known?.drains !== drains) known = { drains, drained: this.isDrained(drains) };
      return this.read(asked.name, known.drained);
    };
  }

  private isDrained(drains: readonly string[]): boolean {
    return drains.some((key) => this.entries.get(drainKey(key)) !== undefined);
  }

  private read(name: string, drained: boolean): SeenOrders {
    const found = {
      orders: this.entries.get(ordersKey(name))?.value,
      drained,
      preferred: this.entries.get(preferredKey(name))?.value,
    };
    return seenOrders(found, (document) => this.reader(document, `orders of ${name}`));
  }

  writeOrders(name: string, expectedVersion: number | null, change: OrdersChange): boolean {
    const entry = this.entries.get(ordersKey(name));
    if (entry === undefined) {
      if (expectedVersion !== null) return false;
    } else if (!isFields(entry.value)) {
      throw new StoreError('ERR_STORE_DATA', `the orders of ${name} in ${this.facts.path} are not a document`);
    } else if (entry.value.version !== expectedVersion || !isOfOurFormat(entry.value)) return false;
    const { set, unset } = storedChange(change);
    const fields: Fields = {
      ...(isFields(entry?.value) ? entry.value : storedSubsystem(name)),
      ...set,
      version: (expectedVersion ?? 0) + 1,
      at: this.facts.wall(),
    };
    const kept = Object.fromEntries(Object.entries(fields).filter(([field]) => !unset.includes(field)));
    this.entries.put(ordersKey(name), kept, (entry?.version ?? 0) + 1);
    return true;
  }

  putDrain(drain: Drain): void {
    this.entries.put(drainKey(drain.key), storedDrain(drain), 1);
  }

  removeDrain(key: string): void {
    this.entries.remove(drainKey(key));
  }

  listDrains(): Drain[] {
    return [...this.entries.each(drainRange)].flatMap(({ key, value }) => {
      const name = drainNameOf(key);
      return readableIn(() => this.reader(value, `drain ${name}`).drain(name));
    });
  }

  putPreferred(preferred: Preferred): void {
    const fields = { ...storedPreferred(preferred), at: this.facts.wall() };
    this.entries.put(preferredKey(preferred.name), fields, 1);
  }

  private reader(document: unknown, what: string): OrdersReader {
    return new OrdersReader(document, `the ${what} in ${this.facts.path}`);
  }
}
