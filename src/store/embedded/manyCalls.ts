/** The calls for many subsystems in the embedded store, each within one transaction. */
import { StoreError, toWire, type WireError } from '../../errors.js';
import type { Beat, Claiming, Releasing } from '../manyStore.js';
import type { SeenOrders } from '../orders.js';
import type { Look, Member, Notice, Observation, Progress, Store, TermRecord, Tip } from '../store.js';
import type { Entries } from './environment.js';
import type { Leases } from './leases.js';

type Inserted = Awaited<ReturnType<Store['insertTerm']>>;

/** What a call for one subsystem answers, or why it failed. */
export type Told<T> = { readonly value: T } | { readonly error: WireError };

/** A beat as it crosses threads: a name for each field of a thousand objects would be most of the message. */
export type BeatRow = readonly [
  name: string,
  term: number,
  holder: string,
  beat: number,
  ...progress: readonly [Progress['identifier'], Progress['count'], Progress['recent']],
];

export function beatRow({ tenure: { name, term, holder }, beat, progress }: Beat): BeatRow {
  return [name, term, holder, beat, progress.identifier, progress.count, progress.recent];
}

export interface ManyCalls {
  beatAll(rows: readonly BeatRow[]): Told<boolean>[];
  highestTerms(names: readonly string[]): Told<Tip>[];
  claimAll(claims: readonly Claiming[]): Told<boolean>[];
  insertTerms(records: readonly TermRecord[]): Told<Inserted>[];
  releaseAll(releases: readonly Releasing[]): Told<boolean>[];
  observeAll(asked: readonly Look[]): Told<Observation & SeenOrders>[];
  readNoticesOf(names: readonly string[]): Notice[][];
  listMembersOf(names: readonly string[]): Member[][];
  putMembers(members: readonly Member[]): void;
  removeMembers(ids: readonly string[]): void;
}

/** What is told of a thousand beats crosses to the coordinator as one object. */
const written: Told<boolean> = { value: true };
const unwritten: Told<boolean> = { value: false };

export function manyOn(entries: Pick<Entries, 'writes'>, leases: Leases): ManyCalls {
  const told = <T>(call: () => T): Told<T> => {
    const before = entries.writes;
    try {
      return { value: call() };
    } catch (error) {
      // Half of a beat must not be committed with the others, and a store that fails fails for all.
      if (entries.writes > before || !(error instanceof StoreError)) throw error;
      return { error: toWire(error) };
    }
  };
  return {
    beatAll: (rows) =>
      rows.map(([name, term, holder, beat, identifier, count, recent]) => {
        const each = told(() => leases.beat({ name, term, holder }, beat, { identifier, count, recent }));
        return 'error' in each ? each : each.value ? written : unwritten;
      }),
    highestTerms: (names) => names.map((name) => told(() => leases.highestTerm(name))),
    claimAll: (claims) =>
      claims.map(({ name, expected, next }) => told(() => leases.compareAndSetLease(name, expected, next))),
    insertTerms: (records) => records.map((record) => told(() => leases.insertTerm(record))),
    releaseAll: (releases) =>
      releases.map(({ tenure, beat, progress, died }) => told(() => leases.release(tenure, beat, progress, died))),
    observeAll: (asked) => leases.observeEach(asked).map(told),
    readNoticesOf: (names) => names.map((name) => leases.readNotices(name)),
    listMembersOf: (names) => leases.listMembersOf(names),
    putMembers: (members) => {
      for (const member of members) leases.putMember(member);
    },
    removeMembers: (ids) => {
      for (const id of ids) leases.removeMember(id);
    },
  };
}
