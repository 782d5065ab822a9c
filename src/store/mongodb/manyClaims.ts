/** The steps of many claims, and many releases, each with as few commands as there can be. */
import { StoreError } from '../../errors.js';
import { type Epoch, type Fields, isFields, storedLease, storedProgress, storedRelease } from '../documents.js';
import type { Claiming, Releasing } from '../manyStore.js';
import { byLook, bySum, type Match } from '../matches.js';
import type { Store, TermRecord, Tip } from '../store.js';
import { type Commands, LEASES, leaseId, ofOurFormat } from './commands.js';
import { termId } from './looks.js';
import { commandsOf, STATEMENTS_MAX, type Statement } from './statements.js';

type Inserted = Awaited<ReturnType<Store['insertTerm']>>;
/** Returns whether the document that a look found is the one that the statement has written. */
type IsShown = (found: Fields) => boolean;

interface ClaimsParts {
  readonly commands: Commands;
  epoch(what: string): Promise<Epoch>;
  highestTerm(name: string): Promise<Tip>;
}

const DUPLICATE_KEY = 11000;
/** So many tips are asked for at once. */
const TIPS_MAX = 32;

export class ManyClaims {
  constructor(private readonly parts: ClaimsParts) {}

  /** Asks for each tip by itself, unless none of them has a record: a command gives no more than one highest of all. */
  async highestTerms(names: readonly string[]): Promise<(Tip | StoreError)[]> {
    const { commands, epoch } = this.parts;
    const some = { name: { $in: names } };
    const areNew = (await commands.find('highestTerm', LEASES, some, { limit: 1 })).length === 0;
    if (areNew) {
      const begun = await epoch('highestTerm');
      return names.map(() => ({ term: 0, ttl: 0, epoch: begun.epoch }));
    }
    const tips: (Tip | StoreError)[] = [];
    // More at once would stand before a beat that needs a connection.
    for (let at = 0; at < names.length; at += TIPS_MAX) {
      tips.push(...(await Promise.all(names.slice(at, at + TIPS_MAX).map((name) => this.highestTerm(name)))));
    }
    return tips;
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
      // No two claims have one id, and the proof of a claim has another number than the claim.
      this.updateAll(
        'compareAndSetLease',
        updates,
        later.map(
          ({ next: { term, holder, beat, claim } }): IsShown =>
            (lease) =>
              lease.term === term && lease.holder === holder && lease.beat === beat && lease.claim === claim,
        ),
      ),
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
    const shown = releases.map(
      ({ tenure, beat }): IsShown =>
        (lease) =>
          lease.term === tenure.term && lease.holder === null && lease.beat === beat,
    );
    return this.updateAll('release', updates, shown);
  }

  /** Makes updates of one lease each, and says of each whether it has matched, or what is unknown about it. */
  async updateAll(
    what: string,
    updates: readonly Statement[],
    isShown: readonly IsShown[],
  ): Promise<(boolean | StoreError)[]> {
    let from = 0;
    const outcomes = commandsOf(updates).map((part) => {
      const shown = isShown.slice(from, from + part.length);
      from += part.length;
      return this.alone(part, () =>
        this.parts.commands.withTimeLimit(what, () => this.updateTogether(what, part, shown)),
      );
    });
    return (await Promise.all(outcomes)).flat();
  }

  private async updateTogether(
    what: string,
    updates: readonly Statement[],
    isShown: readonly IsShown[],
  ): Promise<(boolean | StoreError)[]> {
    const { commands } = this.parts;
    const { matched, errors } = await commands.updateAll(what, LEASES, updates);
    const sent = updates.flatMap(({ q }, index) => (errors.has(index) ? [] : [{ id: q._id, isShown: isShown[index] }]));
    const all = bySum(sent.length, matched);
    let matches: readonly Match[] = sent.map(() => all);
    if (all === null) {
      const projection = { term: 1, holder: 1, beat: 1, claim: 1 };
      const found = await this.find(
        sent.map(({ id }) => id),
        projection,
        what,
      );
      const shown = sent.map((each) => {
        const lease = found.get(each.id);
        return isFields(lease) && each.isShown?.(lease) === true;
      });
      matches = byLook(matched, shown);
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

  private async find(
    ids: readonly unknown[],
    projection?: Fields,
    what = 'highestTerm',
  ): Promise<Map<unknown, Fields>> {
    if (ids.length === 0) return new Map();
    const options = { limit: ids.length, ...(projection === undefined ? {} : { projection }) };
    const found = await this.parts.commands.find(what, LEASES, { _id: { $in: ids } }, options);
    return new Map(found.map((document): [unknown, Fields] => [document._id, document]));
  }

  private nothing(): StoreError {
    return this.parts.commands.unavailable('a claim', 'the store answered with nothing');
  }
}
