/** Plays a set before the server of the suite, with a store that reaches it, for one test. */
import { randomUUID } from 'node:crypto';
import { expect, inject } from 'vitest';
import type { Lease, Store } from '../../src/store/store.ts';
import type { FullStore } from '../../src/store/taskStore.ts';
import type { Interruption } from '../servers/fronts/setMember.ts';
import { ReplicaSet, type ReplicaSetOptions, type SetView } from '../servers/replicaSet.ts';
import { createStore } from '../support/builtStore.ts';
import type {} from '../support/globalSetup.ts';

export const MANY = 1_000_000;
export const nothing = { identifier: null, count: 0, recent: [] };
export const lease: Lease = { term: 1, beat: 0, ack: 0, holder: 'holder', claim: 'claim', ttl: 4500, ...nothing };
export const unavailable = { code: 'ERR_STORE_UNAVAILABLE' };

const cleanups: (() => Promise<unknown>)[] = [];

/** For `afterEach`. */
export async function cleanUp(): Promise<void> {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
}

export function atEnd(cleanup: () => Promise<unknown>): void {
  cleanups.push(cleanup);
}

interface Played {
  readonly set: ReplicaSet;
  readonly view: SetView;
  readonly database: string;
  /** Under test: its calls end soon, also when all that is wrong is a busy machine. */
  readonly store: FullStore;
  /** Waits for as long as a busy machine may need, on a way of its own. */
  readonly direct: FullStore;
}

export async function play(options?: ReplicaSetOptions): Promise<Played> {
  const set = await ReplicaSet.before(inject('server').uri, options);
  atEnd(() => set.close());
  const database = newDatabase();
  const view = await set.view();
  const store = storeAt(view.uri(database));
  const direct = storeAt((await set.view()).uri(database), patient);
  await Promise.all([opened(direct), opened(store)]);
  return { set, view, database, store, direct };
}

export const patient = { commandTimeout: 20_000, connectTimeout: 20_000 };

/** Opens it, however often that takes too long. */
export async function opened(store: FullStore): Promise<void> {
  await eventually(() => store.open().then(() => 'open', codeOf), 40_000).toBe('open');
}

/** Of an error that is expected, or of one of a busy machine, after which a test looks again. */
export function codeOf(error: { readonly code?: unknown }): unknown {
  return error.code;
}

/** Whether a beat was written, after as many attempts as a busy machine needs. */
export async function beats(store: Store, name: string, beat: number): Promise<void> {
  await eventually(() => store.beat(tenureOf(name), beat, nothing).catch(codeOf)).toBe(true);
}

export function newDatabase(): string {
  return inject('databasePrefix') + randomUUID().slice(0, 8);
}

export function storeAt(connectString: string, limits = { commandTimeout: 500, connectTimeout: 5000 }): FullStore {
  const store = createStore({ kind: 'mongodb', connectString, connectOptions: {}, debug: false }, limits);
  atEnd(() => store.close());
  return store;
}

export function task(id: string): { id: string; bytes: Buffer } {
  return { id, bytes: Buffer.from('payload') };
}

export function tenureOf(name: string) {
  return { name, term: 1, holder: 'holder' };
}

export async function beatOf(store: Store, name: string): Promise<number | undefined> {
  const [seen] = await store.observe([{ name, tip: 0, wait: 0 }]);
  return seen?.lease?.beat;
}

/** Waits for a state, for as long as a busy machine may need. */
export function eventually<T>(look: () => T, timeout = 20_000) {
  return expect.poll(look, { interval: 10, timeout });
}

/** Resolves when the store says that it is there again. */
export function available(store: Store): Promise<void> {
  return new Promise((resolve) => {
    const forget = store.onAvailable(() => {
      forget();
      resolve();
    });
  });
}

const told = [
  'InterruptedDueToReplStateChange',
  'PrimarySteppedDown',
  'InterruptedAtShutdown',
  'ShutdownInProgress',
] as const;

/** All that a primary may say of a call that is under way when it ceases to be one. */
export const interruptions: readonly (Interruption & { readonly name: string })[] = [
  { name: 'the connection ends', told: 'socket' },
  ...told.flatMap((one) => [
    { name: one, told: one },
    { name: `${one} of the acknowledgement`, told: one, asConcern: true },
  ]),
];
