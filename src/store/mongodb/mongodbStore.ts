/**
 * The store in the user's MongoDB. One collection holds the leases and the term records, whose `_id`s are the fence:
 *
 *   failover          { _id: 'lease/' + name, term, beat, holder, claim, ttl, identifier, count, recent, at }
 *                     { _id: term + '/' + name, name, term, holder, claim, ttl, at }
 *   failover_members  { _id: holder id, name, host, pid, state, at }
 *
 * Nothing here needs more of a server than the protocol and unique `_id`s: no transactions, no pipelines, no clock. On a
 * server whose updates are not atomic a compare-and-set may match twice; the insert of a term never does.
 */
import { StoreError } from '../../errors.js';
import { DocumentReader, type Fields, isFields, storedLease, storedProgress } from '../documents.js';
import type { Lease, Member, Observation, Progress, Store, Tenure, TermRecord, Tip } from '../store.js';
import { Connection, type Run } from './connection.js';
import type { Settings } from './settings.js';
import { writeError } from './storeErrors.js';

const LEASES = 'failover';
const MEMBERS = 'failover_members';
/** How long the line of a member that nobody removed is kept, in seconds. */
const MEMBERS_KEPT = 60 * 60;
/** Leases in one answer, which must fit into one document of 16 MB. */
const MOST_IN_ONE_LOOK = 100;
const MOST_MEMBERS = 1000;

const DUPLICATE_KEY = 11000;
/** An index on the same fields is there, under another name or with other options: as good as ours. */
const INDEX_EXISTS = [85, 86];

export class MongodbStore implements Store {
  private readonly connection: Connection;
  private readonly run: Run;

  constructor(private readonly settings: Settings) {
    this.connection = new Connection(settings, prepare);
    this.run = this.connection.run;
  }

  open(): Promise<void> {
    return this.connection.open();
  }

  close(): Promise<void> {
    return this.connection.close();
  }

  onAvailable(listener: () => void): () => void {
    return this.connection.onAvailable(listener);
  }

  async highestTerm(name: string): Promise<Tip> {
    const [record] = await this.find('highestTerm', LEASES, { name }, { sort: { term: -1 }, limit: 1 });
    return record === undefined ? { term: 0, ttl: 0 } : this.reader(record).termRecord();
  }

  async observe(asked: readonly { readonly name: string; readonly tip: number }[]): Promise<Observation[]> {
    const looks: Promise<Observation[]>[] = [];
    for (let at = 0; at < asked.length; at += MOST_IN_ONE_LOOK) {
      looks.push(this.look(asked.slice(at, at + MOST_IN_ONE_LOOK)));
    }
    return (await Promise.all(looks)).flat();
  }

  private async look(asked: readonly { readonly name: string; readonly tip: number }[]): Promise<Observation[]> {
    const ids = asked.flatMap(({ name, tip }) => [leaseId(name), termId(name, tip + 1)]);
    const found = new Map<unknown, Fields>();
    for (const document of await this.find('observe', LEASES, { _id: { $in: ids } }, { limit: ids.length })) {
      found.set(document._id, document);
    }
    return asked.map(({ name, tip }) => {
      const lease = found.get(leaseId(name));
      return {
        lease: lease === undefined ? null : this.reader(lease).lease(),
        newer: found.has(termId(name, tip + 1)),
      };
    });
  }

  async compareAndSetLease(name: string, expected: Lease | null, next: Lease): Promise<boolean> {
    const _id = leaseId(name);
    const fields = { ...storedLease(next), at: new Date() };
    if (expected === null) return this.insert('compareAndSetLease', { _id, ...fields });
    const { term, beat, holder, claim } = expected;
    return this.update('compareAndSetLease', LEASES, { _id, term, beat, holder, claim }, fields);
  }

  async insertTerm({ name, term, holder, claim, ttl }: TermRecord): ReturnType<Store['insertTerm']> {
    const _id = termId(name, term);
    const record = { _id, name, term, holder, claim, ttl, at: new Date() };
    if (await this.insert('insertTerm', record)) return { inserted: true };
    const [found] = await this.find('insertTerm', LEASES, { _id }, { limit: 1 });
    if (found === undefined) {
      throw new StoreError('ERR_STORE', `${this.where(_id)} was there, and was gone when it was read`);
    }
    return { inserted: false, claim: this.reader(found).text('claim') };
  }

  beat(tenure: Tenure, beat: number, progress: Progress): Promise<boolean> {
    return this.update('beat', LEASES, held(tenure), { beat, ...storedProgress(progress), at: new Date() });
  }

  release(tenure: Tenure, beat: number, progress: Progress): Promise<boolean> {
    const fields = { beat, holder: null, ...storedProgress(progress), at: new Date() };
    return this.update('release', LEASES, held(tenure), fields);
  }

  async trimTerms(name: string, below: number): Promise<void> {
    // The tip only ever rises, so that what is below this one is below the tip for good.
    const limit = Math.min(below, (await this.highestTerm(name)).term);
    await this.delete('trimTerms', LEASES, { name, term: { $lt: limit } }, 0);
  }

  async putMember({ id, ...member }: Member): Promise<void> {
    await this.update('putMember', MEMBERS, { _id: id }, member, true);
  }

  async removeMember(id: string): Promise<void> {
    await this.delete('removeMember', MEMBERS, { _id: id }, 1);
  }

  async listMembers(name: string): Promise<Member[]> {
    const found = await this.find('listMembers', MEMBERS, { name }, { limit: MOST_MEMBERS });
    return found.map((document) => this.reader(document).member('_id'));
  }

  // ---- commands ----

  private async find(what: string, collection: string, filter: Fields, options: Fields): Promise<Fields[]> {
    const most = typeof options.limit === 'number' ? { batchSize: options.limit } : {};
    const command = { find: collection, filter, ...options, ...most, singleBatch: true };
    const { cursor } = await this.run(what, { ...command, maxTimeMS: this.settings.commandTimeout });
    const batch = isFields(cursor) ? cursor.firstBatch : undefined;
    if (!Array.isArray(batch) || !batch.every(isFields)) throw this.strange(what);
    return batch;
  }

  /** False when the `_id` is taken. */
  private async insert(what: string, document: Fields): Promise<boolean> {
    const reply = await this.write(what, { insert: LEASES, documents: [document] });
    const error = firstError(reply);
    if (error === undefined) return true;
    if (error.code === DUPLICATE_KEY) return false;
    throw writeError(error.code, String(error.errmsg), what, this.settings);
  }

  /** Whether a document matched. */
  private async update(what: string, collection: string, q: Fields, $set: Fields, upsert = false): Promise<boolean> {
    const reply = await this.write(what, { update: collection, updates: [{ q, u: { $set }, upsert, multi: false }] });
    this.check(what, reply);
    if (typeof reply.n !== 'number') throw this.strange(what);
    return reply.n > 0;
  }

  private async delete(what: string, collection: string, q: Fields, limit: 0 | 1): Promise<void> {
    this.check(what, await this.write(what, { delete: collection, deletes: [{ q, limit }] }));
  }

  private write(what: string, command: Fields): Promise<Fields> {
    const { commandTimeout } = this.settings;
    const writeConcern = { w: 'majority', j: true, wtimeout: commandTimeout };
    return this.run(what, { ...command, writeConcern, maxTimeMS: commandTimeout });
  }

  private check(what: string, reply: Fields): void {
    const error = firstError(reply);
    if (error !== undefined) throw writeError(error.code, String(error.errmsg), what, this.settings);
  }

  private reader(document: Fields): DocumentReader {
    return new DocumentReader(document, this.where(String(document._id)));
  }

  private where(id: string): string {
    return `the document ${id} in ${this.settings.label}`;
  }

  private strange(what: string): StoreError {
    return new StoreError('ERR_STORE', `the store ${this.settings.label} gave an answer to ${what} that is none`);
  }
}

function leaseId(name: string): string {
  return `lease/${name}`;
}

function termId(name: string, term: number): string {
  return `${term}/${name}`;
}

function held({ name, term, holder }: Tenure): Fields {
  return { _id: leaseId(name), term, holder };
}

function firstError(reply: Fields): Fields | undefined {
  const errors = reply.writeErrors;
  if (!Array.isArray(errors) || errors.length === 0) return undefined;
  const [first]: unknown[] = errors;
  return isFields(first) ? first : {};
}

/** Finds out whether the server serves, and makes the indexes while several connections warm up. */
async function prepare(run: Run): Promise<void> {
  await Promise.all([
    run('open', { ping: 1 }),
    run('open', {
      createIndexes: LEASES,
      indexes: [{ key: { name: 1, term: -1 }, name: 'name_term' }],
    }).catch((error: unknown) => {
      if (!isIndexThere(error)) throw error;
    }),
    // Not every server can, and nothing depends on it; there, old lines go when somebody opens the store.
    run('open', {
      createIndexes: MEMBERS,
      indexes: [{ key: { at: 1 }, name: 'at', expireAfterSeconds: MEMBERS_KEPT }],
    })
      .catch(() => {
        const before = new Date(Date.now() - MEMBERS_KEPT * 1000);
        return run('open', { delete: MEMBERS, deletes: [{ q: { at: { $lt: before } }, limit: 0 }] });
      })
      .catch(() => {}),
  ]);
}

function isIndexThere(error: unknown): boolean {
  const cause = error instanceof StoreError ? error.cause : undefined;
  if (!(cause instanceof Error) || !('code' in cause)) return false;
  return typeof cause.code === 'number' && INDEX_EXISTS.includes(cause.code);
}
