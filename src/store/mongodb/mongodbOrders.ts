/** What operators ask for, in MongoDB: documents beside the leases. */
import { type Fields, readableIn } from '../documents.js';
import {
  OrdersReader,
  seenOrders,
  storedChange,
  storedDrain,
  storedPreferred,
  storedSubsystem,
} from '../orderDocuments.js';
import type { Drain, OrdersAsked, OrdersChange, Preferred, SeenOrders } from '../orders.js';
import { type Commands, LEASES, ofOurFormat } from './commands.js';

/** Subsystems in one question, and so many that one answer holds their orders in any case. */
const READ_TOGETHER_MAX = 1000;
const READ_SURE = 100;
const DRAINS_MAX = 1000;
export const DRAIN = 'drain/';
/** The character after the slash: all keys of drains are below. */
const AFTER_DRAINS = 'drain0';

export class MongodbOrders {
  constructor(private readonly commands: Commands) {}

  /** Returns the ids of the documents that `seenIn` reads. */
  idsOf(asked: readonly OrdersAsked[]): string[] {
    const ids = asked.flatMap(({ name, drains = [] }) => [ordersId(name), preferredId(name), ...drains.map(drainId)]);
    return [...new Set(ids)];
  }

  /** Reads the orders of one subsystem from documents that were found. */
  seenIn(found: ReadonlyMap<unknown, Fields>, { name, drains = [] }: OrdersAsked): SeenOrders {
    const documents = {
      orders: found.get(ordersId(name)),
      drained: drains.some((key) => found.has(drainId(key))),
      preferred: found.get(preferredId(name)),
    };
    return seenOrders(documents, (document) => this.reader(document, ordersId(name)));
  }

  async readOrders(asked: readonly OrdersAsked[]): Promise<SeenOrders[]> {
    return this.readInParts(asked, READ_TOGETHER_MAX);
  }

  private async readInParts(asked: readonly OrdersAsked[], most: number): Promise<SeenOrders[]> {
    const reads: Promise<SeenOrders[]>[] = [];
    for (let at = 0; at < asked.length; at += most) reads.push(this.readBatch(asked.slice(at, at + most)));
    return (await Promise.all(reads)).flat();
  }

  /** Returns null if one answer does not hold all of it. */
  private find(ids: readonly string[], isSure: boolean): Promise<Fields[] | null> {
    const filter = { _id: { $in: ids } };
    if (isSure) return this.commands.find('readOrders', LEASES, filter, { limit: ids.length });
    return this.commands.findWhole('readOrders', LEASES, filter, ids.length);
  }

  private async readBatch(asked: readonly OrdersAsked[]): Promise<SeenOrders[]> {
    const ids = this.idsOf(asked);
    const documents = await this.find(ids, asked.length <= READ_SURE);
    if (documents === null) return this.readInParts(asked, READ_SURE);
    const found = new Map<unknown, Fields>(documents.map((document) => [document._id, document]));
    return asked.map((each) => this.seenIn(found, each));
  }

  writeOrders(name: string, expectedVersion: number | null, change: OrdersChange): Promise<boolean> {
    const { set, unset } = storedChange(change);
    const fields = { ...set, version: (expectedVersion ?? 0) + 1, at: new Date() };
    const _id = ordersId(name);
    if (expectedVersion === null) {
      return this.commands.insert('writeOrders', LEASES, { _id, ...storedSubsystem(name), ...fields });
    }
    const without = unset.length === 0 ? {} : { $unset: Object.fromEntries(unset.map((field) => [field, ''])) };
    const same = { _id, version: expectedVersion, ...ofOurFormat };
    return this.commands.update('writeOrders', LEASES, same, { $set: fields, ...without });
  }

  async putDrain(drain: Drain): Promise<void> {
    await this.commands.update('putDrain', LEASES, { _id: drainId(drain.key) }, { $set: storedDrain(drain) }, true);
  }

  async removeDrain(key: string): Promise<void> {
    await this.commands.delete('removeDrain', LEASES, { _id: drainId(key) }, 1);
  }

  async listDrains(): Promise<Drain[]> {
    const range = { _id: { $gte: DRAIN, $lt: AFTER_DRAINS } };
    const found = await this.commands.find('listDrains', LEASES, range, { limit: DRAINS_MAX });
    return found.flatMap((document) =>
      readableIn(() => {
        const reader = this.reader(document, DRAIN);
        return reader.drain(reader.text('_id').slice(DRAIN.length));
      }),
    );
  }

  async putPreferred(preferred: Preferred): Promise<void> {
    const fields = { ...storedPreferred(preferred), at: new Date() };
    await this.commands.update('putPreferred', LEASES, { _id: preferredId(preferred.name) }, { $set: fields }, true);
  }

  private reader(document: unknown, id: string): OrdersReader {
    return new OrdersReader(document, this.commands.where(id));
  }
}

export function ordersId(name: string): string {
  return `orders/${name}`;
}

function preferredId(name: string): string {
  return `priority/${name}`;
}

function drainId(key: string): string {
  return `${DRAIN}${key}`;
}
