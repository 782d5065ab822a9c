/** The steps of many claims, and many releases, each with as few commands as there can be. */
import { StoreError } from '../../errors.js';
import { DocumentReader, type Epoch, type Fields, storedLease, storedProgress, storedRelease } from '../documents.js';
import type { Claiming, Releasing } from '../manyStore.js';
import { byLook, bySum, type Match } from '../matches.js';
import type { Store, TermRecord, Tip } from '../store.js';
import { type Commands, LEASES, leaseId, ofOurFormat } from './commands.js';
import { termId } from './looks.js';
import { commandsOf, STATEMENTS_MAX, type Statement } from './statements.js';

type Inserted = Awaited<ReturnType<Store['insertTerm']>>;
/** Of a lease, which the filter names by its id. */
export interface LeaseUpdate extends Statement {
  readonly u: { readonly $set: Fields };
}

interface ClaimsParts {
  readonly commands: Commands;
  epoch(what: string): Promise<Epoch>;
  highestTerm(name: string): Promise<Tip>;
  /** Returns a text that no other command has. */
  newCommand(): string;
}

const DUPLICATE_KEY = 11000;
/** Names in one question for tips: a server can merge so many parts of an index that are in order. */
const NAMES_MAX = 100;
/** Records in one answer, for each name: the highest of all names come first, whatever their names. */
const RECORDS_EACH = 4;
/** So often names are asked for again that the records of others have left no room for, and then one by one. */
const ROUNDS_MAX = 3;
/** So many are asked for by themselves at once: more would stand before a beat that needs a connection. */
const TIPS_MAX = 32;

export class ManyClaims {
  constructor(private readonly parts: ClaimsParts) {}

  /**
   * Reads the highest records of a hundred names with one command, all within the time limit of one. Nothing but the order of
   * terms is relied on: a chain may have gaps, where a trim was cut off or people have deleted something, and no tip below a
   * record that exists may be told.
   */
  highestTerms(names: readonly string[]): Promise<(Tip | StoreError)[]> {
    return this.parts.commands.withTimeLimit('highestTerm', (signal) => this.tips(names, signal));
  }

  private async tips(names: readonly string[], signal: AbortSignal): Promise<(Tip | StoreError)[]> {
    const hundreds = Array.from({ length: Math.ceil(names.length / NAMES_MAX) }, (_, index) =>
      names.slice(index * NAMES_MAX, (index + 1) * NAMES_MAX),
    );
    // One after another they would take as many round trips, which a far server makes a claim that comes too late.
    const parts = await Promise.all(hundreds.map((some) => this.tipsOf(some, signal)));
    const found = new Map(parts.flatMap((part) => [...part]));
    // Read after the records: an epoch that begins in between only makes the version new.
    const { epoch } = await this.parts.epoch('highestTerm');
    const told = new Map<string, Tip | StoreError>();
    for (const [name, record] of found) told.set(name, this.tipIn(record, epoch));
    const left = names.filter((name) => !told.has(name));
    for (let at = 0; at < left.length; at += TIPS_MAX) {
      signal.throwIfAborted();
      const some = left.slice(at, at + TIPS_MAX);
      const tips = await Promise.all(some.map((name) => this.highestTerm(name)));
      some.forEach((name, index) => void told.set(name, tips[index] ?? this.nothing()));
    }
    return names.map((name) => told.get(name) ?? this.nothing());
  }

  /** Returns the highest record of each name; null: it has none. A name that is missing is still to be asked for by itself. */
  private async tipsOf(names: readonly string[], signal: AbortSignal): Promise<Map<string, Fields | null>> {
    const tips = new Map<string, Fields | null>();
    const left = new Set(names);
    for (let round = 0; round < ROUNDS_MAX && left.size > 0; round++) {
      signal.throwIfAborted();
      const limit = RECORDS_EACH * left.size;
      const records = await this.recordsOf([...left], limit);
      // A name that is none was written by another program, and says nothing of the names that are.
      if (records === null || records.some(({ name }) => typeof name !== 'string')) return new Map();
      for (const record of records) {
        // Of each name the first one is the highest.
        if (typeof record.name === 'string' && left.delete(record.name)) tips.set(record.name, record);
      }
      if (records.length === limit) continue;
      for (const name of left) tips.set(name, null);
      return tips;
    }
    return tips;
  }

  /** Returns null if one answer does not hold all that was asked for. */
  private recordsOf(names: readonly string[], limit: number): Promise<Fields[] | null> {
    const filter = { name: { $in: names } };
    return this.parts.commands.findWhole('highestTerm', LEASES, filter, limit, { sort: { term: -1 } });
  }

  private tipIn(record: Fields | null, epoch: string): Tip | StoreError {
    if (record === null) return { term: 0, ttl: 0, epoch };
    try {
      const { term, ttl, claim } = new DocumentReader(record, this.parts.commands.where(record._id)).termRecord();
      return { term, ttl, claim, epoch };
    } catch (error) {
      if (error instanceof StoreError) return error;
      throw error;
    }
  }

  private async highestTerm(name: string): Promise<Tip | StoreError> {
    try {
      return await this.parts.highestTerm(name);
    } catch (error) {
      if (error instanceof StoreError) return error;
      throw error;
    }
  }

  async claimAll(claims: readonly Claiming[]): Promise<(boolean | StoreError)[]> {
    const at = new Date();
    const outcomes = new Map<Claiming, boolean | StoreError>();
    const first = claims.filter(({ expected }) => expected === null);
    const later = claims.filter(({ expected }) => expected !== null);
    const inserts = first.map(({ name, next }) => ({ _id: leaseId(name), ...storedLease(next), at }));
    const updates = later.map(({ name, expected, next }) => {
      const { term, beat, ack, holder, claim } = expected ?? next;
      return {
        q: { _id: leaseId(name), term, beat, ack, holder, claim, ...ofOurFormat },
        u: { $set: { ...storedLease(next), at } },
      };
    });
    const [inserted, updated] = await Promise.all([
      this.insertAll('compareAndSetLease', inserts),
      this.updateAll('compareAndSetLease', updates),
    ]);
    first.forEach((claim, index) => void outcomes.set(claim, inserted[index] ?? this.nothing()));
    later.forEach((claim, index) => void outcomes.set(claim, updated[index] ?? this.nothing()));
    return claims.map((claim) => outcomes.get(claim) ?? this.nothing());
  }

  async insertTerms(records: readonly TermRecord[]): Promise<(Inserted | StoreError)[]> {
    const { commands } = this.parts;
    const at = new Date();
    const documents = records.map(({ name, term, holder, claim, ttl }) => ({
      ...{ _id: termId(name, term), name, term, holder, claim, ttl, at },
    }));
    const inserted = await this.insertAll('insertTerm', documents);
    const taken = documents.filter((_, index) => inserted[index] === false).map(({ _id }) => _id);
    const found = await this.find(taken);
    return documents.map(({ _id }, index): Inserted | StoreError => {
      const outcome = inserted[index] ?? this.nothing();
      if (outcome instanceof StoreError) return outcome;
      if (outcome) return { inserted: true };
      const record = found.get(_id);
      if (record === undefined) {
        return new StoreError('ERR_STORE', `${commands.where(_id)} was there, and was gone when it was read`);
      }
      return typeof record.claim === 'string'
        ? { inserted: false, claim: record.claim }
        : new StoreError('ERR_STORE_DATA', `${commands.where(_id)}: the field claim is not a string`);
    });
  }

  async releaseAll(releases: readonly Releasing[]): Promise<(boolean | StoreError)[]> {
    const at = new Date();
    const updates = releases.map(({ tenure: { name, term, holder }, beat, progress, died }) => ({
      q: { _id: leaseId(name), term, holder, ...ofOurFormat },
      u: { $set: { beat, ...storedProgress(progress), ...storedRelease(died), at } },
    }));
    return this.updateAll('release', updates);
  }

  /** Makes updates of one lease each, and says of each whether it has matched, or what is unknown about it. */
  async updateAll(what: string, updates: readonly LeaseUpdate[]): Promise<(boolean | StoreError)[]> {
    const outcomes = commandsOf(updates).map((part) =>
      this.alone(part, () => this.parts.commands.withTimeLimit(what, () => this.updateTogether(what, part))),
    );
    return (await Promise.all(outcomes)).flat();
  }

  private async updateTogether(what: string, updates: readonly LeaseUpdate[]): Promise<(boolean | StoreError)[]> {
    const { commands, newCommand } = this.parts;
    // What comes to a lease between the update and the look leaves this, so the look shows the update nevertheless.
    const command = newCommand();
    const marked = updates.map(({ q, u }) => ({ q, u: { $set: { ...u.$set, command } } }));
    const { matched, errors } = await commands.updateAll(what, LEASES, marked);
    const sent = updates.flatMap(({ q }, index) => (errors.has(index) ? [] : [q._id]));
    const all = bySum(sent.length, matched);
    let matches: readonly Match[] = sent.map(() => all);
    if (all === null) {
      const filter = { _id: { $in: sent }, command };
      const options = { limit: sent.length, projection: { _id: 1 } };
      const found = await commands.find(what, LEASES, filter, options);
      const shown = new Set(found.map(({ _id }) => _id));
      matches = byLook(
        matched,
        sent.map((id) => shown.has(id)),
      );
    }
    const told = matches.values();
    return updates.map((_, index) => {
      const error = errors.get(index);
      if (error !== undefined) return error;
      const why = `of ${sent.length} leases in one command ${matched} were as they should be, and a look does not tell which`;
      return told.next().value ?? commands.unavailable(what, why);
    });
  }

  /** Inserts, and says of each whether its key was free. */
  private async insertAll(what: string, documents: readonly Fields[]): Promise<(boolean | StoreError)[]> {
    const parts: Promise<(boolean | StoreError)[]>[] = [];
    for (let at = 0; at < documents.length; at += STATEMENTS_MAX) {
      const part = documents.slice(at, at + STATEMENTS_MAX);
      const insert = async (): Promise<(boolean | StoreError)[]> => {
        const errors = await this.parts.commands.insertAll(what, LEASES, part);
        return part.map((_, index) => {
          const error = errors.get(index);
          if (error === undefined) return true;
          return error.code === DUPLICATE_KEY ? false : error.error;
        });
      };
      parts.push(this.alone(part, insert));
    }
    return (await Promise.all(parts)).flat();
  }

  /** What a command that fails would have said is the error, for those alone that were sent with it. */
  private async alone<T>(
    part: readonly unknown[],
    send: () => Promise<(T | StoreError)[]>,
  ): Promise<(T | StoreError)[]> {
    try {
      return await send();
    } catch (error) {
      if (error instanceof StoreError) return part.map(() => error);
      throw error;
    }
  }

  private async find(ids: readonly unknown[]): Promise<Map<unknown, Fields>> {
    if (ids.length === 0) return new Map();
    const found = await this.parts.commands.find('highestTerm', LEASES, { _id: { $in: ids } }, { limit: ids.length });
    return new Map(found.map((document): [unknown, Fields] => [document._id, document]));
  }

  private nothing(): StoreError {
    return this.parts.commands.unavailable('a claim', 'the store answered with nothing');
  }
}
