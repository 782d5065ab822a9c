/** The documents of what operators ask for, in both stores, and the check of every one that is read, as in documents.ts. */
import { StoreError, toWire } from '../errors.js';
import { DocumentReader, type Fields, isFields } from './documents.js';
import {
  type Drain,
  type HandOver,
  noOrders,
  type Orders,
  type OrdersChange,
  type Pause,
  type Preferred,
  type SeenOrders,
} from './orders.js';

/** Longer texts of people are cut off: each look carries them. */
export const ORDER_TEXT_MAX = 1000;
const PRIORITY_MAX = 100;
const drainedAlone: SeenOrders = { ...noOrders, drained: true };

/** The fields that a write of orders sets, and those that it takes away. Fields of later versions stay as they are. */
export function storedChange(change: OrdersChange): { readonly set: Fields; readonly unset: readonly string[] } {
  const { handOver, pause, changes } = change;
  const given = Object.entries({ handOver, pause, changes });
  return {
    set: Object.fromEntries(given.filter(([, part]) => part !== undefined && part !== null).map(copied)),
    unset: given.filter(([, part]) => part === null).map(([name]) => name),
  };
}

/** Without fields that are undefined, which a store may write as null. */
function copied([name, part]: [string, object | null | undefined]): [string, Fields] {
  return [name, Object.fromEntries(Object.entries(part ?? {}).filter(([, value]) => value !== undefined))];
}

/** Returns the fields of a drain but for its key. */
export function storedDrain({ by, reason, at }: Drain): Fields {
  return { by, ...(reason === undefined ? {} : { reason }), at };
}

/**
 * Returns the field that names the subsystem. Not by `name`: this and earlier versions take the documents of a name for its
 * term records.
 */
export function storedSubsystem(name: string): Fields {
  return { subsystem: name };
}

export function storedPreferred({ name, holder, priority, count }: Preferred): Fields {
  return { ...storedSubsystem(name), holder, priority, count };
}

/** Reads what one look has found. Undefined: there is no such document. `reader` makes the reader of one. */
export function seenOrders(
  found: { readonly orders: unknown; readonly drained: boolean; readonly preferred: unknown },
  reader: (document: unknown) => OrdersReader,
): SeenOrders {
  const { drained } = found;
  // One object for all of which there are none: it crosses threads once.
  if (found.orders === undefined && found.preferred === undefined) return drained ? drainedAlone : noOrders;
  const preferred = readable(found.preferred, (document) => reader(document).preferred()).value;
  const { value: orders, error } = readable(found.orders, (document) => reader(document).orders());
  return { orders, drained, preferred, ...(error === undefined ? {} : { unreadable: toWire(error) }) };
}

function readable<T>(document: unknown, read: (document: unknown) => T): { value: T | null; error?: StoreError } {
  try {
    return { value: document === undefined ? null : read(document) };
  } catch (error) {
    if (error instanceof StoreError) return { value: null, error };
    throw error;
  }
}

export class OrdersReader extends DocumentReader {
  orders(): Orders {
    const { handOver, pause, changes } = this.fields;
    return {
      name: this.text('subsystem'),
      version: this.serial('version'),
      ...(isThere(handOver) ? { handOver: this.below('handOver').handOver() } : {}),
      ...(isThere(pause) ? { pause: this.below('pause').pause() } : {}),
      ...(isThere(changes) ? { changes: { id: this.below('changes').text('id') } } : {}),
    };
  }

  /** `key` is what the store keeps it under. */
  drain(key: string): Drain {
    return { key, by: this.short('by'), ...this.reason(), at: this.date('at') };
  }

  preferred(): Preferred {
    const priority = this.count('priority');
    if (priority > PRIORITY_MAX) throw this.alien('priority', `a number up to ${PRIORITY_MAX}`);
    return { name: this.text('subsystem'), holder: this.text('holder'), priority, count: this.count('count') };
  }

  private handOver(): HandOver {
    const { state, to, why } = this.fields;
    if (state !== 'asked' && state !== 'accepted' && state !== 'refused' && state !== 'done') {
      throw this.alien('state', 'asked, accepted, refused or done');
    }
    return {
      id: this.text('id'),
      term: this.serial('term'),
      ...(isThere(to) ? { to: this.text('to') } : {}),
      by: this.short('by'),
      ...this.reason(),
      at: this.date('at'),
      state,
      ...(isThere(why) ? { why: this.short('why') } : {}),
    };
  }

  private pause(): Pause {
    const { standby, until } = this.fields;
    if (typeof standby !== 'boolean') throw this.alien('standby', 'true or false');
    return {
      by: this.short('by'),
      ...this.reason(),
      at: this.date('at'),
      ...(isThere(until) ? { until: this.date('until').getTime() } : {}),
      standby,
    };
  }

  private reason(): { readonly reason?: string } {
    return isThere(this.fields.reason) ? { reason: this.short('reason') } : {};
  }

  private below(name: string): OrdersReader {
    const part = this.fields[name];
    if (!isFields(part)) throw this.alien(name, 'a document');
    return new OrdersReader(part, `${this.where}, in ${name}`);
  }

  private short(name: string): string {
    return this.text(name).slice(0, ORDER_TEXT_MAX);
  }
}

function isThere(value: unknown): boolean {
  return value !== undefined && value !== null;
}
