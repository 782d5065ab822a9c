/** A store as the page reads it, which counts what it is asked, beside the routes on it. What real stores do, other suites say. */
import { randomUUID } from 'node:crypto';
import { StoreError } from '../../../src/errors.ts';
import type { Guard } from '../../../src/page/access.ts';
import type { Source } from '../../../src/page/kept.ts';
import type { PageRequest, PageResponse } from '../../../src/page/messages.ts';
import { type ResolvedPage, resolvePage } from '../../../src/page/options.ts';
import { SharedPoll } from '../../../src/page/poll.ts';
import { Routes } from '../../../src/page/routes.ts';
import { type Drain, noOrders } from '../../../src/store/orders.ts';
import type { LeaseEntry, StoreReader, TermEntry } from '../../../src/store/reader.ts';
import type { StoredSchedule } from '../../../src/store/schedules.ts';
import type { Lease, Member } from '../../../src/store/store.ts';
import type { FoundDeadLetter, StoredTask } from '../../../src/store/taskStore.ts';
import { VirtualClock } from '../../support/virtualClock.ts';

export class StoreInMemory {
  readonly clock = new VirtualClock();
  readonly leases = new Map<string, LeaseEntry>();
  readonly members: Member[] = [];
  readonly termsOf = new Map<string, TermEntry[]>();
  readonly tasks = new Map<string, StoredTask[]>();
  /** A queue of so many tasks, of which none is there but the first. */
  readonly highest = new Map<string, number>();
  readonly letters = new Map<string, FoundDeadLetter[]>();
  readonly schedules = new Map<string, StoredSchedule[]>();
  readonly drains: Drain[] = [];
  readonly asked: string[] = [];
  problem: StoreError | null = null;

  lease(name: string, more: Partial<Lease> = {}, done = 0): void {
    const lease: Lease = {
      ...{ term: 1, beat: 1, ack: 0, holder: `${name}-1`, claim: 'c', ttl: 4500 },
      ...{ identifier: null, count: 0, recent: [] },
      configuration: { kind: 'durable', settings: { attempts: '3', exhausted: 'block', maxQueue: '1000' } },
      ...more,
    };
    this.leases.set(name, {
      name,
      lease,
      state: { done, burial: null },
      at: new Date(this.clock.wall()),
      problem: null,
    });
  }

  member(name: string, id: string): void {
    this.members.push({ id, name, host: 'h', pid: 1, state: 'slave', at: new Date(this.clock.wall()) });
  }

  task(name: string, seq: number, more: Partial<StoredTask> = {}): void {
    const at = new Date(this.clock.wall());
    const task = { seq, id: seq, bytes: new Uint8Array(), attempts: 0, deaths: 0, recordedBy: null, at, ...more };
    this.tasks.set(name, [...(this.tasks.get(name) ?? []), task]);
  }

  get reader(): StoreReader {
    const ask = async <T>(what: string, answer: () => T): Promise<T> => {
      this.asked.push(what);
      if (this.problem !== null) throw this.problem;
      return answer();
    };
    const names = () => [...this.leases.keys()].sort();
    return {
      label: 'memory',
      open: async () => {},
      close: async () => {},
      leases: ({ after, limit }) =>
        ask('leases', () =>
          names()
            .filter((name) => name > after)
            .slice(0, limit)
            .flatMap((name) => this.leases.get(name) ?? []),
        ),
      leasesOf: (asked) => ask('leasesOf', () => asked.flatMap((name) => this.leases.get(name) ?? [])),
      taskNames: async () => [],
      terms: (name) => ask('terms', () => this.termsOf.get(name) ?? []),
      members: (name) => ask('members', () => this.members.filter((each) => name === null || each.name === name)),
      orders: (asked) => ask('orders', () => asked.map(() => noOrders)),
      drains: () => ask('drains', () => this.drains),
      highestTask: (name) => ask('highestTask', () => this.highest.get(name) ?? this.tasks.get(name)?.at(-1)?.seq ?? 0),
      tasks: (name, { after, limit }) =>
        ask('tasks', () => (this.tasks.get(name) ?? []).filter(({ seq }) => seq > after).slice(0, limit)),
      countLetters: (name, max) => ask('countLetters', () => Math.min(max, this.letters.get(name)?.length ?? 0)),
      letters: (name, { after, limit }) =>
        ask('letters', () => (this.letters.get(name) ?? []).filter(({ seq }) => seq > after).slice(0, limit)),
      letterOf: (name, id) => ask('letterOf', () => this.letters.get(name)?.find((letter) => letter.id === id) ?? null),
      letterAt: (name, at) => ask('letterAt', () => this.letters.get(name)?.find(({ seq }) => seq === at) ?? null),
      schedules: (name) => ask('schedules', () => this.schedules.get(name) ?? []),
      outcomes: () => Promise.reject(new Error('the page asks for no outcomes')),
      clockAhead: async () => 'none',
      outbox: () => Promise.reject(new Error('the page looks at no outbox')),
      examine: () => Promise.reject(new Error('the page examines nothing')),
    };
  }

  poll(rowsMax?: number): SharedPoll {
    const source = sourceOf(this.reader);
    return new SharedPoll({ source, clock: this.clock, ...(rowsMax === undefined ? {} : { rowsMax }) });
  }
}

export function sourceOf<T>(opened: T): Source<T> {
  return { use: (run) => run(opened), close: async () => {} };
}

export const unavailable = new StoreError('ERR_STORE_UNAVAILABLE', 'mongodb://localhost:1/test does not answer');

/** The routes on a store. Nothing is written: `opened` counts who tried. */
export class PageInMemory {
  readonly store = new StoreInMemory();
  readonly failures: unknown[] = [];
  readonly poll = this.store.poll();
  opened = 0;

  readonly routes: Routes;

  constructor(given: object = {}, guard?: Guard) {
    // `page()` refuses actions without `authorize`: here the guard is tried with them, too.
    const resolved = resolvePage({ authorize: () => false, ...given });
    const authorize = 'authorize' in given ? resolved.authorize : null;
    const options: ResolvedPage = { ...resolved, authorize };
    this.routes = new Routes({
      options,
      guard: guard ?? (authorize === null ? { type: 'loopback' } : { type: 'authorize', authorize }),
      files: new Map([['index.html', { type: 'text/html; charset=utf-8', bytes: Buffer.from('<!doctype html>') }]]),
      poll: this.poll,
      reader: sourceOf(this.store.reader),
      writer: {
        use: () => {
          this.opened += 1;
          return Promise.reject(unavailable);
        },
        close: async () => {},
      },
      clock: this.store.clock,
      ...{ store: 'memory', version: '0', by: 'page@here', newId: randomUUID, viewersMax: 3 },
      failed: (error) => void this.failures.push(error),
    });
  }

  ask(url: string, more: Partial<Asked> = {}): Promise<PageResponse> {
    return this.routes.answer(requestOf(url, more));
  }

  async status(url: string, more: Partial<Asked> = {}): Promise<number> {
    return (await this.ask(url, more)).status;
  }
}

export interface Asked {
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly peer: string | null;
  readonly version: string | null;
  readonly body: string;
}

/** What a page of the same origin sends. */
export const own = { 'content-type': 'application/json', 'x-mongo-failover': '1', 'sec-fetch-site': 'same-origin' };

export function requestOf(
  url: string,
  { method = 'GET', headers = {}, peer = '127.0.0.1', version = '1.1', body = '' }: Partial<Asked>,
): PageRequest {
  const all: Readonly<Record<string, string>> = { host: 'localhost:7717', ...headers };
  return { method, url, peer, version, header: (name) => all[name], body: async () => body, original: { method, url } };
}
