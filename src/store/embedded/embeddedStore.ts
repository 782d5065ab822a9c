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
import {
  DocumentReader,
  type Fields,
  isFields,
  isOfOurFormat,
  noticeId,
  noticeIds,
  readableIn,
  storedLease,
  storedNotice,
  storedProgress,
} from '../documents.js';
import type { Lease, Member, Notice, Observation, Progress, Store, Tenure, TermRecord, Tip } from '../store.js';
import type { FullStore, TaskStore } from '../taskStore.js';
import { Access } from './access.js';
import { EmbeddedTasks } from './embeddedTasks.js';
import type { Environment } from './environment.js';
import { leaseKey, memberKey, memberRange, termKey, termRange } from './keys.js';

/** How long the line of a member that nobody removed is kept, in ms. */
const MEMBERS_KEPT = 60 * 60 * 1000;

export class EmbeddedStore implements FullStore {
  private readonly access: Access;
  readonly tasks: TaskStore;

  constructor(path: string, commandTimeout: number) {
    this.access = new Access(path, commandTimeout);
    this.tasks = new EmbeddedTasks(this.access);
  }

  async open(): Promise<void> {
    if (await this.access.open()) await this.removeOldMembers();
  }

  close(): Promise<void> {
    return this.access.close();
  }

  /** A folder does not go away and come back. */
  onAvailable(): () => void {
    return () => {};
  }

  async highestTerm(name: string): Promise<Tip> {
    return this.access.read('highestTerm', (environment) => this.tip(environment, name));
  }

  async observe(asked: readonly { readonly name: string; readonly tip: number }[]): Promise<Observation[]> {
    return this.access.read('observe', (environment) =>
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
    return this.access.change('compareAndSetLease', leaseKey(name), (old) => {
      if (expected === null || old === undefined) {
        return expected === null && old === undefined ? { ...storedLease(next), at: Date.now() } : undefined;
      }
      const { term, beat, ack, holder, claim } = expected;
      const isHeld = old.term === term && old.holder === holder && old.claim === claim;
      const same = isHeld && old.beat === beat && old.ack === ack && isOfOurFormat(old);
      return same ? { ...old, ...storedLease(next), at: Date.now() } : undefined;
    });
  }

  async insertTerm(record: TermRecord): ReturnType<Store['insertTerm']> {
    const { name, term, holder, claim, ttl } = record;
    const key = termKey(name, term);
    const fields = { name, term, holder, claim, ttl, at: Date.now() };
    if (await this.access.change('insertTerm', key, (old) => (old === undefined ? fields : undefined))) {
      return { inserted: true };
    }
    const found = await this.access.read('insertTerm', (environment) => environment.get(key));
    if (found === undefined) {
      throw new StoreError('ERR_STORE', `the record of term ${term} in ${this.access.path} was gone when it was read`);
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
    return this.access.change(what, leaseKey(name), (old) =>
      old !== undefined && old.term === term && old.holder === holder && isOfOurFormat(old)
        ? { ...old, ...fields, at: Date.now() }
        : undefined,
    );
  }

  async trimTerms(name: string, below: number): Promise<void> {
    await this.access.write('trimTerms', async (environment) => {
      // The tip only ever rises, so that what is below this one is below the tip for good.
      const limit = Math.min(below, this.tip(environment, name).term);
      await environment.remove(environment.keys(termRange(name, limit)));
    });
  }

  async putMember(member: Member): Promise<void> {
    const fields = { ...member, at: member.at.getTime() };
    await this.access.change('putMember', memberKey(member.id), () => fields);
  }

  async removeMember(id: string): Promise<void> {
    await this.access.write('removeMember', (environment) => environment.remove([memberKey(id)]));
  }

  async putNotice(notice: Notice): Promise<void> {
    const id = noticeId(notice);
    const fields = { id, ...storedNotice(notice), at: Date.now() };
    await this.access.change('putNotice', memberKey(id), () => fields);
  }

  async readNotices(name: string): Promise<Notice[]> {
    return this.access.read('readNotices', (environment) =>
      noticeIds(name).flatMap((id) => {
        const found = environment.get(memberKey(id));
        return found === undefined ? [] : readableIn(() => this.reader(found.value, 'notice', name).notice());
      }),
    );
  }

  async listMembers(name: string): Promise<Member[]> {
    return this.access.read('listMembers', (environment) =>
      environment
        .values(memberRange)
        .filter((value) => isFields(value) && value.name === name)
        .flatMap((value) => readableIn(() => this.reader(value, 'member', name).member('id'))),
    );
  }

  private async removeOldMembers(): Promise<void> {
    const before = Date.now() - MEMBERS_KEPT;
    await this.access.write('open', async (environment) => {
      const old = environment
        .values(memberRange)
        .flatMap((value) => (isFields(value) && typeof value.at === 'number' && value.at < before ? [value.id] : []))
        .filter((id) => typeof id === 'string')
        .map(memberKey);
      await environment.remove(old);
    });
  }

  private tip(environment: Environment, name: string): Tip {
    const [last] = environment.values({ ...termRange(name), last: true });
    return last === undefined ? { term: 0, ttl: 0 } : this.reader(last, 'record', name).termRecord();
  }

  private reader(value: unknown, what: string, name: string): DocumentReader {
    return new DocumentReader(value, this.access.where(what, name));
  }
}
