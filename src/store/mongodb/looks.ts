/** Looks at many leases with one command, and says of each what is there, or why it cannot be read. */
import { StoreError } from '../../errors.js';
import { DocumentReader, type Epoch, type Fields, isSettled } from '../documents.js';
import type { SeenOrders } from '../orders.js';
import { partsOf } from '../parts.js';
import type { Look, Observation } from '../store.js';
import { type Commands, LEASES, leaseId } from './commands.js';
import type { MongodbOrders } from './mongodbOrders.js';
import { commandLimits } from './statements.js';

/** Leases in one answer that fit in any case: a lease has up to 16 KB of ids, and an answer 16 MB. More are asked for first. */
const TOGETHER_SURE = 100;

type Seen = (Observation & SeenOrders) | StoreError;

interface LooksParts {
  readonly commands: Commands;
  readonly orders: Pick<MongodbOrders, 'idsOf' | 'seenIn'>;
  /** The id of the document that names the epoch. */
  readonly settled: string;
  /** Begins an epoch, or reads the one that another has begun. */
  beginEpoch(what: string): Promise<Epoch>;
}

export class Looks {
  constructor(private readonly parts: LooksParts) {}

  /** Rejects if a whole command fails. */
  async observe(asked: readonly Look[]): Promise<Seen[]> {
    return (await Promise.all(partsOf(asked, bytesOf, commandLimits).map((part) => this.observePart(part)))).flat();
  }

  /** What a command that fails would have said is the error, for those alone that were asked for with it. */
  async observeAll(asked: readonly Look[]): Promise<Seen[]> {
    const parts = partsOf(asked, bytesOf, commandLimits).map(async (part) => {
      try {
        return await this.observePart(part);
      } catch (error) {
        if (error instanceof StoreError) return part.map(() => error);
        throw error;
      }
    });
    return (await Promise.all(parts)).flat();
  }

  private async observePart(asked: readonly Look[]): Promise<Seen[]> {
    const documents = await this.find(asked);
    if (documents === null) {
      const parts: Seen[][] = [];
      for (let at = 0; at < asked.length; at += TOGETHER_SURE) {
        parts.push(await this.observePart(asked.slice(at, at + TOGETHER_SURE)));
      }
      return parts.flat();
    }
    const found = new Map(documents.map((document): [unknown, Fields] => [document._id, document]));
    const mark = found.get(this.parts.settled);
    // Read after the leases: an epoch that begins in between only makes the version new.
    const epoch = mark === undefined ? await this.parts.beginEpoch('observe') : this.reader(mark).epoch();
    return asked.map((look) => this.seenIn(found, look, epoch));
  }

  /** Returns null if one answer does not hold all of it. */
  private find(asked: readonly Look[]): Promise<Fields[] | null> {
    const { commands, orders, settled } = this.parts;
    const leases = asked.flatMap(({ name, tip }) => [leaseId(name), termId(name, tip + 1)]);
    const ids = [settled, ...leases, ...orders.idsOf(asked)];
    const filter = { _id: { $in: ids } };
    if (asked.length <= TOGETHER_SURE) return commands.find('observe', LEASES, filter, { limit: ids.length });
    return commands.findWhole('observe', LEASES, filter, ids.length);
  }

  private seenIn(found: ReadonlyMap<unknown, Fields>, look: Look, epoch: Epoch): Seen {
    const { name, tip, wait } = look;
    const lease = found.get(leaseId(name));
    try {
      return {
        lease: lease === undefined ? null : this.reader(lease).lease(),
        newer: found.has(termId(name, tip + 1)),
        settled: isSettled(epoch, wait),
        epoch: epoch.epoch,
        ...this.parts.orders.seenIn(found, look),
      };
    } catch (error) {
      if (error instanceof StoreError) return error;
      throw error;
    }
  }

  private reader(document: Fields): DocumentReader {
    return new DocumentReader(document, this.parts.commands.where(document._id));
  }
}

/** Returns the first error of a look, or all that was seen. */
export function allSeen(looks: readonly Seen[]): (Observation & SeenOrders)[] {
  return looks.map((look) => {
    if (look instanceof StoreError) throw look;
    return look;
  });
}

/** Of the ids that are asked for: its lease, its next record, its orders, and who goes first. */
function bytesOf({ name }: Look): number {
  return 4 * (Buffer.byteLength(name) + 32);
}

export function termId(name: string, term: number): string {
  return `${term}/${name}`;
}
