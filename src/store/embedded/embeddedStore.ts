/**
 * The store without a server: an LMDB environment in a folder, shared by the processes and threads of one machine.
 *
 * Every write is one conditional put, on the version of the entry that was read before, and never a transaction with
 * code in it: LMDB has one write lock for all processes, and while it waits for a busy JavaScript thread everybody
 * else's beats would wait too. The lock is taken on a thread of libuv's pool; a process that dies holding it frees it,
 * one that is stopped (SIGSTOP) in these milliseconds does not: then calls end by their time limit, and none is added to
 * those that wait. What was acknowledged is on disk.
 */
import { StoreError } from '../../errors.js';
import { DocumentReader, type Fields, isFields, storedLease, storedProgress } from '../documents.js';
import type { Lease, Member, Observation, Progress, Store, Tenure, TermRecord, Tip } from '../store.js';
import { withinLimit } from '../timeLimit.js';
import { type Environment, openEnvironment } from './environment.js';
import { leaseKey, memberKey, memberRange, termKey, termRange } from './keys.js';
import { embeddedError } from './storeErrors.js';

/** How long the line of a member that nobody removed is kept, in ms. */
const MEMBERS_KEPT = 60 * 60 * 1000;

export class EmbeddedStore implements Store {
  private environment: Environment | undefined;
  private closed = false;
  /** Calls whose limit has passed and that still wait for the write lock. */
  private overdue = 0;

  constructor(
    private readonly path: string,
    private readonly commandTimeout: number,
  ) {}

  async open(): Promise<void> {
    if (this.closed) throw new StoreError('ERR_STORE', 'the store is closed');
    if (this.environment !== undefined) return;
    const environment = await openEnvironment(this.path);
    if (this.closed || this.environment !== undefined) {
      await environment.close();
      if (this.closed) throw new StoreError('ERR_STORE', 'the store was closed while it opened');
      return;
    }
    this.environment = environment;
    await this.removeOldMembers();
  }

  async close(): Promise<void> {
    this.closed = true;
    const { environment } = this;
    this.environment = undefined;
    if (environment === undefined) return;
    await withinLimit(this.commandTimeout, this.late('close'), () => environment.close()).catch(() => {});
  }

  /** A folder does not go away and come back. */
  onAvailable(): () => void {
    return () => {};
  }

  async highestTerm(name: string): Promise<Tip> {
    return this.read('highestTerm', (environment) => this.tip(environment, name));
  }

  async observe(asked: readonly { readonly name: string; readonly tip: number }[]): Promise<Observation[]> {
    return this.read('observe', (environment) =>
      asked.map(({ name, tip }) => {
        const found = environment.get(leaseKey(name));
        return {
          lease: found === undefined ? null : this.reader(found.value, 'lease', name).lease(),
          newer: environment.get(termKey(name, tip + 1)) !== undefined,
        };
      }),
    );
  }

  compareAndSetLease(name: string, expected: Lease | null, next: Lease): Promise<boolean> {
    return this.change('compareAndSetLease', leaseKey(name), (old) => {
      if (expected === null || old === undefined) {
        return expected === null && old === undefined ? { ...storedLease(next), at: Date.now() } : undefined;
      }
      const { term, beat, holder, claim } = expected;
      const same = old.term === term && old.beat === beat && old.holder === holder && old.claim === claim;
      return same ? { ...old, ...storedLease(next), at: Date.now() } : undefined;
    });
  }

  async insertTerm(record: TermRecord): ReturnType<Store['insertTerm']> {
    const { name, term, holder, claim, ttl } = record;
    const key = termKey(name, term);
    const fields = { name, term, holder, claim, ttl, at: Date.now() };
    if (await this.change('insertTerm', key, (old) => (old === undefined ? fields : undefined))) {
      return { inserted: true };
    }
    const found = await this.read('insertTerm', (environment) => environment.get(key));
    if (found === undefined) {
      throw new StoreError('ERR_STORE', `the record of term ${term} in ${this.path} was gone when it was read`);
    }
    return { inserted: false, claim: this.reader(found.value, `record ${term}`, name).text('claim') };
  }

  beat(tenure: Tenure, beat: number, progress: Progress): Promise<boolean> {
    return this.changeHeld('beat', tenure, { beat, ...storedProgress(progress) });
  }

  release(tenure: Tenure, beat: number, progress: Progress): Promise<boolean> {
    return this.changeHeld('release', tenure, { beat, ...storedProgress(progress), holder: null });
  }

  private changeHeld(what: string, { name, term, holder }: Tenure, fields: Fields): Promise<boolean> {
    return this.change(what, leaseKey(name), (old) =>
      old !== undefined && old.term === term && old.holder === holder
        ? { ...old, ...fields, at: Date.now() }
        : undefined,
    );
  }

  async trimTerms(name: string, below: number): Promise<void> {
    await this.write('trimTerms', async (environment) => {
      // The tip only ever rises, so that what is below this one is below the tip for good.
      const limit = Math.min(below, this.tip(environment, name).term);
      await environment.remove(environment.keys(termRange(name, limit)));
    });
  }

  async putMember(member: Member): Promise<void> {
    const fields = { ...member, at: member.at.getTime() };
    await this.change('putMember', memberKey(member.id), () => fields);
  }

  async removeMember(id: string): Promise<void> {
    await this.write('removeMember', (environment) => environment.remove([memberKey(id)]));
  }

  async listMembers(name: string): Promise<Member[]> {
    return this.read('listMembers', (environment) =>
      environment
        .values(memberRange)
        .filter((value) => isFields(value) && value.name === name)
        .map((value) => this.reader(value, 'member', name).member('id')),
    );
  }

  private async removeOldMembers(): Promise<void> {
    const before = Date.now() - MEMBERS_KEPT;
    await this.write('open', async (environment) => {
      const old = environment
        .values(memberRange)
        .filter((value) => isFields(value) && typeof value.at === 'number' && value.at < before)
        .map((value) => memberKey(this.reader(value, 'member', '').text('id')));
      await environment.remove(old);
    });
  }

  private tip(environment: Environment, name: string): Tip {
    const [last] = environment.values({ ...termRange(name), last: true });
    return last === undefined ? { term: 0, ttl: 0 } : this.reader(last, 'record', name).termRecord();
  }

  // ---- reading and writing ----

  private async read<T>(what: string, look: (environment: Environment) => T): Promise<T> {
    const environment = this.opened();
    try {
      environment.refresh();
      return look(environment);
    } catch (error) {
      throw embeddedError(error, what, this.path);
    }
  }

  /**
   * Puts what `next` makes of the entry in its place, false when `next` makes nothing of it. When somebody else was
   * faster nothing was written, and `next` decides again on what is there now.
   */
  private change(what: string, key: Buffer, next: (old: Fields | undefined) => Fields | undefined): Promise<boolean> {
    return this.write(what, async (environment, signal) => {
      while (!signal.aborted) {
        environment.refresh();
        const entry = environment.get(key);
        const old = entry?.value;
        if (old !== undefined && !isFields(old)) throw this.notFields(what);
        const value = next(old);
        if (value === undefined) return false;
        if (await environment.put(key, value, entry?.version)) return true;
      }
      return false;
    });
  }

  private async write<T>(
    what: string,
    call: (environment: Environment, signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const environment = this.opened();
    const late = this.late(what);
    if (this.overdue > 0) {
      const text = `the store ${this.path} is not available for ${what}: an earlier call still waits for its write lock`;
      throw new StoreError('ERR_STORE_UNAVAILABLE', text);
    }
    let outcome: Promise<unknown> = Promise.resolve();
    const overdue = () => {
      this.overdue += 1;
      const settled = () => {
        this.overdue -= 1;
      };
      outcome.then(settled, settled);
      return late();
    };
    try {
      return await withinLimit(this.commandTimeout, overdue, (signal) => {
        const writing = call(environment, signal);
        outcome = writing;
        return writing;
      });
    } catch (error) {
      throw embeddedError(error, what, this.path);
    }
  }

  private opened(): Environment {
    if (this.environment === undefined) {
      throw new StoreError('ERR_STORE', this.closed ? 'the store is closed' : 'the store is not open');
    }
    return this.environment;
  }

  private reader(value: unknown, what: string, name: string): DocumentReader {
    return new DocumentReader(value, `the ${what} of ${name} in ${this.path}`);
  }

  private notFields(what: string): StoreError {
    return new StoreError('ERR_STORE_DATA', `what ${what} found in ${this.path} is not a document`);
  }

  private late(what: string): () => StoreError {
    return () =>
      new StoreError(
        'ERR_STORE_UNAVAILABLE',
        `the store ${this.path} is not available for ${what}: no answer in ${this.commandTimeout} ms`,
      );
  }
}
