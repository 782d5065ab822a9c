/** The leases, term records and members in the embedded store: each call within one transaction. */
import { randomUUID } from 'node:crypto';
import { StoreError } from '../../errors.js';
import {
  DocumentReader,
  type Epoch,
  type Fields,
  isFields,
  isOfOurFormat,
  isSettled,
  noticeId,
  noticeIds,
  readableIn,
  storedLease,
  storedNotice,
  storedProgress,
  storedRelease,
} from '../documents.js';
import type { SeenOrders } from '../orders.js';
import type {
  DeadTenure,
  Lease,
  Look,
  Member,
  Notice,
  Observation,
  Progress,
  Store,
  Tenure,
  TermRecord,
  Tip,
} from '../store.js';
import { readSuccess, storedSuccess } from '../successDocuments.js';
import type { Success } from '../successes.js';
import { isSameTake, readSlot, storedSlot } from '../takenSlotDocuments.js';
import type { SlotTake, TakenSlot } from '../takenSlots.js';
import type { Entries } from './environment.js';
import { leaseKey, memberKey, memberRange, settledKey, slotKey, successKey, termKey, termRange } from './keys.js';
import type { EmbeddedOrders } from './orders.js';

/** How long the line of a member that did not take it away is kept, in ms. */
const MEMBERS_KEPT_MS = 60 * 60 * 1000;

export interface StoreFacts {
  /** The store as messages call it. */
  readonly path: string;
  /** Which file holds the entries: a copy of it is another store, which knows nothing of what happened since. */
  readonly dataFile: string;
  /** Returns the wall clock, in ms. */
  wall(): number;
}

type Inserted = Awaited<ReturnType<Store['insertTerm']>>;

export class Leases {
  constructor(
    private readonly entries: Entries,
    private readonly facts: StoreFacts,
    private readonly orders: Pick<EmbeddedOrders, 'reads'>,
  ) {}

  highestTerm(name: string): Tip {
    return { ...this.tip(name), epoch: this.epoch().epoch };
  }

  private tip(name: string): Omit<Tip, 'epoch'> {
    const last = this.entries.last(termRange(name));
    if (last === undefined) return { term: 0, ttl: 0 };
    const { term, ttl, claim } = this.reader(last, 'record', name).termRecord();
    return { term, ttl, claim };
  }

  /** Begins an epoch if the store is new, or is a copy. */
  private epoch(): Epoch {
    const mark = this.entries.get(settledKey)?.value;
    if (mark !== undefined && !(isFields(mark) && mark.data !== this.facts.dataFile)) {
      return new DocumentReader(mark, `the epoch of ${this.facts.path}`).epoch();
    }
    const begun = { epoch: randomUUID(), wait: 0 };
    this.entries.put(settledKey, { ...begun, data: this.facts.dataFile, at: this.facts.wall() }, 1);
    return begun;
  }

  settle(epoch: string, wait: number): void {
    const mark = this.entries.get(settledKey)?.value;
    if (!isFields(mark) || !isOfOurFormat(mark)) return;
    const now = this.epoch();
    if (now.epoch !== epoch) return;
    const longer = { ...mark, wait: Math.max(now.wait, wait), at: this.facts.wall() };
    this.entries.put(settledKey, longer, 1);
  }

  observe(asked: readonly Look[]): (Observation & SeenOrders)[] {
    return this.observeEach(asked).map((look) => look());
  }

  /** Returns a look at each that is still to be made, so one that cannot be read does not fail the others. */
  observeEach(asked: readonly Look[]): (() => Observation & SeenOrders)[] {
    const epoch = this.epoch();
    const readOrders = this.orders.reads();
    return asked.map((look) => () => {
      const { name, tip, wait } = look;
      const found = this.entries.get(leaseKey(name));
      return {
        lease: found === undefined ? null : this.reader(found.value, 'lease', name).lease(),
        newer: this.entries.get(termKey(name, tip + 1)) !== undefined,
        settled: isSettled(epoch, wait),
        epoch: epoch.epoch,
        ...readOrders(look),
      };
    });
  }

  compareAndSetLease(name: string, expected: Lease | null, next: Lease): boolean {
    return this.change(leaseKey(name), 'lease', name, (old) => {
      if (expected === null || old === undefined) {
        return expected === null && old === undefined ? this.claimed(next) : undefined;
      }
      const { term, beat, ack, holder, claim } = expected;
      const isHeld = old.term === term && old.holder === holder && old.claim === claim;
      const same = isHeld && old.beat === beat && old.ack === ack && isOfOurFormat(old);
      return same ? { ...old, ...this.claimed(next) } : undefined;
    });
  }

  /** A claim holds in the file that it is written to, and in no copy of that. */
  private claimed(lease: Lease): Fields {
    return { ...storedLease(lease), data: this.facts.dataFile };
  }

  insertTerm({ name, term, holder, claim, ttl }: TermRecord): Inserted {
    const key = termKey(name, term);
    const found = this.entries.get(key);
    if (found !== undefined) {
      return { inserted: false, claim: this.reader(found.value, `record ${term}`, name).text('claim') };
    }
    this.entries.put(key, { name, term, holder, claim, ttl, at: this.facts.wall() }, 1);
    return { inserted: true };
  }

  beat(tenure: Tenure, beat: number, progress: Progress): boolean {
    return this.changeHeld(tenure, { beat, ...storedProgress(progress) });
  }

  release(tenure: Tenure, beat: number, progress: Progress, died?: string): boolean {
    return this.changeHeld(tenure, { beat, ...storedProgress(progress), ...storedRelease(died) });
  }

  releaseDead(tenure: DeadTenure): boolean {
    const { name, claim } = tenure;
    return this.change(leaseKey(name), 'lease', name, (old) =>
      isHeldBy(tenure, old, this.facts) && old.claim === claim ? { ...old, ...storedRelease(claim) } : undefined,
    );
  }

  private changeHeld(tenure: Tenure, fields: Fields): boolean {
    return this.change(leaseKey(tenure.name), 'lease', tenure.name, (old) =>
      isHeldBy(tenure, old, this.facts) ? { ...old, ...fields } : undefined,
    );
  }

  /** Puts what `next` makes of the entry in its place. Returns false if `next` makes nothing of it. */
  private change(
    key: Buffer,
    what: string,
    name: string,
    next: (old: Fields | undefined) => Fields | undefined,
  ): boolean {
    const entry = this.entries.get(key);
    const old = entry?.value;
    if (old !== undefined && !isFields(old)) {
      throw new StoreError('ERR_STORE_DATA', `${this.where(what, name)} is not a document`);
    }
    const value = next(old);
    if (value === undefined) return false;
    this.entries.put(key, { ...value, at: this.facts.wall() }, (entry?.version ?? 0) + 1);
    return true;
  }

  trimTerms(name: string, below: number): void {
    // The tip only ever rises: what is below this one stays below the tip.
    const limit = Math.min(below, this.tip(name).term);
    for (const key of keysIn(this.entries, termRange(name, limit))) this.entries.remove(key);
  }

  putMember(member: Member): void {
    this.entries.put(memberKey(member.id), { ...member, at: member.at.getTime() }, 1);
  }

  removeMember(id: string): void {
    this.entries.remove(memberKey(id));
  }

  listMembers(name: string): Member[] {
    return this.listMembersOf([name]).flat();
  }

  /** Goes through the lines of all members once. */
  listMembersOf(names: readonly string[]): Member[][] {
    const byName = new Map(names.map((name): [unknown, Member[]] => [name, []]));
    for (const { value } of this.entries.each(memberRange)) {
      if (!isFields(value)) continue;
      const members = byName.get(value.name);
      if (members === undefined) continue;
      members.push(...readableIn(() => this.reader(value, 'member', String(value.name)).member('id')));
    }
    return names.map((name) => byName.get(name) ?? []);
  }

  putNotice(notice: Notice): void {
    const id = noticeId(notice);
    this.entries.put(memberKey(id), { id, ...storedNotice(notice), at: this.facts.wall() }, 1);
  }

  readNotices(name: string): Notice[] {
    return noticeIds(name).flatMap((id) => {
      const found = this.entries.get(memberKey(id));
      return found === undefined ? [] : readableIn(() => this.reader(found.value, 'notice', name).notice());
    });
  }

  putSuccess(success: Omit<Success, 'at'>): void {
    const key = successKey(success.name, success.key);
    if (this.entries.get(key) !== undefined) return;
    this.entries.put(key, { ...storedSuccess(success), at: this.facts.wall() }, 1);
  }

  findSuccess(name: string, key: string): Success | null {
    const found = this.entries.get(successKey(name, key));
    return found === undefined ? null : readSuccess(found.value, this.where(`success ${key}`, name));
  }

  takeSlot(take: SlotTake): TakenSlot {
    const { name, job, slot, replaces } = take;
    const key = slotKey(name, job);
    const entry = this.entries.get(key);
    const found = entry === undefined ? null : readSlot(entry.value, this.where(`slot of the job ${job}`, name));
    if (found !== null && isSameTake(found, take)) return { taken: true };
    const isFree = found === null || (replaces === undefined ? found.slot < slot : found.slot === replaces);
    if (!isFree) return { taken: false, last: found.slot };
    this.entries.put(key, { ...storedSlot(take), at: this.facts.wall() }, (entry?.version ?? 0) + 1);
    return { taken: true };
  }

  removeOldMembers(): void {
    const before = this.facts.wall() - MEMBERS_KEPT_MS;
    for (const { key, value } of [...this.entries.each(memberRange)]) {
      if (isFields(value) && typeof value.at === 'number' && value.at < before) this.entries.remove(key);
    }
  }

  private where(what: string, name: string): string {
    return `the ${what} of ${name} in ${this.facts.path}`;
  }

  private reader(value: unknown, what: string, name: string): DocumentReader {
    return new DocumentReader(value, this.where(what, name));
  }
}

/**
 * Returns whether the lease is held under this tenure, and was claimed in this very file. In a copy, what its holder has done
 * since is missing, and the numbers of the tasks that it knows belong to others.
 */
export function isHeldBy({ term, holder }: Tenure, old: Fields | undefined, { dataFile }: StoreFacts): old is Fields {
  if (old === undefined || !isOfOurFormat(old)) return false;
  return old.term === term && old.holder === holder && old.data === dataFile;
}

function keysIn(entries: Entries, range: Parameters<Entries['each']>[0]): Buffer[] {
  return Array.from(entries.each(range), ({ key }) => Buffer.from(key));
}
