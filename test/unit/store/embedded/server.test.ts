/** What the thread of the embedded store does with the calls that wait: here without the thread, on a real folder. */
import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, expect, onTestFinished, test } from 'vitest';
import { type Activity, StoreActivity } from '../../../../src/store/embedded/activity.ts';
import type { CallName, Request, StoreReply } from '../../../../src/store/embedded/calls.ts';
import { leaseKey, taskKey } from '../../../../src/store/embedded/keys.ts';
import { beatRow } from '../../../../src/store/embedded/manyCalls.ts';
import { packOutcomes } from '../../../../src/store/embedded/outcomeBytes.ts';
import type { EmbeddedPlace } from '../../../../src/store/embedded/place.ts';
import { EmbeddedServer } from '../../../../src/store/embedded/server.ts';
import { packTasks } from '../../../../src/store/embedded/taskBytes.ts';
import { slotOf } from '../../../../src/store/embedded/wakeups.ts';
import { processTable, thisProcess } from '../../../../src/surroundings/processIdentity.ts';
import { openEntries } from '../../../support/embeddedEntries.ts';

const folder = mkdtempSync(join(tmpdir(), 'mongo-failover-server-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const nothing = { identifier: null, count: 0, recent: [] };
const lease = { term: 1, beat: 0, ack: 0, holder: 'h', claim: 'c', ttl: 1000, ...nothing };

/** Lets a test act while the server is at something, once. */
class Watched extends StoreActivity {
  readonly during = new Map<Activity, () => void>();

  override set(activity: Activity, now: number): void {
    super.set(activity, now);
    const run = this.during.get(activity);
    this.during.delete(activity);
    run?.();
  }
}

/** A server whose time, turns and pauses the test decides. */
class Bench {
  now = 1000;
  /** How much later it is at each look at the clock. */
  step = 0;
  readonly replies: StoreReply[] = [];
  readonly marked: number[] = [];
  readonly pauses: number[] = [];
  readonly activity = new Watched();
  readonly later: { ms: number; callback: () => void }[] = [];
  private readonly turns: (() => void)[] = [];
  readonly server: EmbeddedServer;
  private requests = 0;

  constructor(place: EmbeddedPlace, thread = 'bench') {
    this.server = new EmbeddedServer({
      place,
      open: { me: thisProcess(), table: processTable, thread, wall: Date.now },
      activity: this.activity,
      now: () => {
        this.now += this.step;
        return this.now;
      },
      soon: (callback) => this.turns.push(callback),
      after: (ms, callback) => this.later.push({ ms, callback }),
      pause: (ms) => this.pauses.push(ms),
      post: (message) => {
        if ('marked' in message) this.marked.push(...message.marked);
        else this.replies.push(...message);
      },
      random: Math.random,
    });
    onTestFinished(() => this.server.close());
  }

  ask(call: CallName, args: readonly unknown[], deadline = Number.POSITIVE_INFINITY): number {
    this.requests += 1;
    const request: Request = { id: this.requests, call, args, deadline };
    this.server.receive(request);
    return request.id;
  }

  /** One turn of the loop. */
  turn(): void {
    for (const callback of this.turns.splice(0)) callback();
  }

  /** The reply to a call that is made alone. */
  answer(call: CallName, args: readonly unknown[]): StoreReply | undefined {
    const id = this.ask(call, args);
    this.turn();
    return this.replies.find((reply) => reply.id === id);
  }

  get answered(): number[] {
    return this.replies.map(({ id }) => id);
  }
}

let path: string;
let bench: Bench;
let number = 0;
beforeEach(() => {
  number += 1;
  path = join(folder, String(number));
  bench = new Bench({ path });
});

const code = (reply: StoreReply | undefined) => (reply?.ok === false ? reply.error.code : undefined);
const tasks = (...ids: string[]) => packTasks(ids.map((id) => ({ id, bytes: Buffer.from(id) })));

test('all calls of one turn run in one transaction, those that a lease hangs on first', () => {
  const added = bench.ask('addTasks', ['x', tasks('a'), 10]);
  const listed = bench.ask('listMembers', ['x']);
  const looked = bench.ask('queueState', ['x']);
  bench.turn();
  expect(bench.answered).toEqual([looked, added, listed]);
  expect(bench.replies.every(({ ok }) => ok)).toBe(true);
});

test('what another member waits for is marked, and of what a lease hangs on this coordinator hears too', () => {
  const tenure = { name: 'x', term: 1, holder: 'a' };
  bench.ask('insertTerm', [{ ...tenure, claim: 'a/1', ttl: 1 }]);
  bench.ask('addTasks', ['x', tasks('a'), 10]);
  bench.ask('release', [tenure, 1, {}]);
  bench.turn();
  expect(bench.marked).toEqual([slotOf('x', 'lease')]);
  // The second mark of this millisecond waits.
  expect(bench.later.map(({ ms }) => ms)).toEqual([1]);
  bench.answer('addTasks', ['x', tasks('b'), 10]);
  expect(bench.marked).toHaveLength(1);
});

test('calls that can wait do so once the transaction has taken its time', () => {
  const first = bench.ask('listMembers', ['x']);
  const second = bench.ask('listMembers', ['x']);
  bench.answer('open', []);
  expect(bench.answered).toContain(second);
  const slow = new Bench({ path }, 'slow');
  slow.step = 10;
  slow.ask('listMembers', ['x']);
  slow.ask('listMembers', ['x']);
  slow.turn();
  expect(slow.answered).toEqual([first]);
  slow.turn();
  expect(slow.answered).toEqual([first, second]);
});

test('urgent calls for many leases are cut into transactions, so other members of the store get the lock between', () => {
  const other = new Bench({ path }, 'other');
  other.answer('open', []);
  const beats = (from: number) =>
    Array.from({ length: 600 }, (_, index) => {
      const tenure = { name: `${from + index}`, term: 1, holder: 'h' };
      return beatRow({ tenure, beat: 1, progress: nothing });
    });
  bench.answer('open', []);
  bench.server.renew();
  const calls = [0, 600, 1200].map((from) => bench.ask('beatAll', [beats(from)]));
  const single = bench.ask('queueState', ['x']);
  bench.turn();
  expect(bench.answered.slice(1)).toEqual(calls.slice(0, 1));
  bench.turn();
  expect(bench.answered.slice(1)).toEqual(calls.slice(0, 2));
  bench.turn();
  expect(bench.answered.slice(1)).toEqual([...calls, single]);
});

test('each outcome that an acknowledgement carries counts as a lease in that', () => {
  const other = new Bench({ path }, 'other');
  other.answer('open', []);
  bench.answer('compareAndSetLease', ['x', null, lease]);
  bench.server.renew();
  const tenure = { name: 'x', term: 1, holder: 'h' };
  const at = new Date(0);
  const outcomes = Array.from({ length: 600 }, (_, index) => {
    const how = { state: 'done', attempts: 1, error: null, result: null, at, until: at } as const;
    return { id: index, seq: index + 1, term: 1, ...how };
  });
  const calls = [1, 2].map((number) =>
    bench.ask('acknowledge', [tenure, { number, done: 600, burial: null }, packOutcomes(outcomes)]),
  );
  bench.turn();
  expect(bench.answered.slice(1)).toEqual(calls.slice(0, 1));
  bench.turn();
  expect(bench.answered.slice(1)).toEqual(calls);
});

test('alone with the store, urgent calls for many leases go into one transaction', () => {
  bench.answer('open', []);
  bench.server.renew();
  const tenure = { name: 'x', term: 1, holder: 'h' };
  const beats = Array.from({ length: 1000 }, () => beatRow({ tenure, beat: 1, progress: nothing }));
  const calls = [1, 2, 3].map(() => bench.ask('beatAll', [beats]));
  bench.turn();
  expect(bench.answered.slice(1)).toEqual(calls);
});

test('one urgent call for more leases than that runs by itself', () => {
  const other = new Bench({ path }, 'other');
  other.answer('open', []);
  bench.answer('open', []);
  bench.server.renew();
  const tenure = { name: 'x', term: 1, holder: 'h' };
  const all = Array.from({ length: 1200 }, () => beatRow({ tenure, beat: 1, progress: nothing }));
  const call = bench.ask('beatAll', [all]);
  const next = bench.ask('queueState', ['x']);
  bench.turn();
  expect(bench.answered.slice(1)).toEqual([call]);
  bench.turn();
  expect(bench.answered.slice(1)).toEqual([call, next]);
});

test('a call whose caller has given up is not made', () => {
  bench.answer('compareAndSetLease', ['x', null, lease]);
  const late = bench.ask('beat', [{ name: 'x', term: 1, holder: 'h' }, 7, nothing], 999);
  bench.turn();
  expect(bench.answered).not.toContain(late);
  expect(bench.answer('observe', [[{ name: 'x', tip: 0 }]])).toMatchObject({ value: [{ lease: { beat: 0 } }] });
});

test('a call that fails does not fail those beside it', () => {
  bench.answer('open', []);
  const entries = openEntries(path);
  entries.put([leaseKey('bad'), 'no document']);
  entries.close();
  const bad = bench.ask('observe', [[{ name: 'bad', tip: 0 }]]);
  const good = bench.ask('compareAndSetLease', ['good', null, lease]);
  bench.turn();
  const reply = (id: number) => bench.replies.find((one) => one.id === id);
  expect(code(reply(bad))).toBe('ERR_STORE_DATA');
  expect(reply(good)).toMatchObject({ ok: true, value: true });
});

test('half of a call is not written, and what was asked beside it is', () => {
  bench.answer('open', []);
  // The first task is written by the time that LMDB refuses the key of the second.
  const half = bench.ask('addTasks', ['x', tasks('a', 'b'.repeat(5000)), 10]);
  const whole = bench.ask('addTasks', ['y', tasks('c'), 10]);
  const urgent = bench.ask('compareAndSetLease', ['x', null, lease]);
  bench.turn();
  const reply = (id: number) => bench.replies.find((one) => one.id === id);
  expect(reply(half)?.ok).toBe(false);
  expect(reply(urgent)).toMatchObject({ ok: true, value: true });
  bench.turn();
  expect(reply(whole)).toMatchObject({ ok: true, value: [1] });
  const entries = openEntries(path);
  onTestFinished(() => entries.close());
  expect(entries.get(taskKey('x', 1))).toBe(undefined);
  expect(entries.get(taskKey('y', 1))).toMatchObject({ key: 'c' });
});

test('a call that comes with the close is not made, and opens nothing again', () => {
  bench.answer('open', []);
  const late = bench.ask('queueState', ['x']);
  bench.server.close();
  bench.turn();
  expect(bench.answered).not.toContain(late);
  expect(readdirSync(join(path, 'owners')).filter((name) => name.endsWith('.json'))).toEqual([]);
});

test('while the store cannot be opened, each call fails by its own deadline', () => {
  new Bench({ path }, 'other').answer('open', []);
  rmSync(join(path, 'lock.mdb'));
  const calls = Array.from({ length: 50 }, () => bench.ask('listMembers', ['x'], bench.now + 150));
  bench.turn();
  expect(bench.answered).toEqual(calls);
});

test('others get the write lock after each write, if there are others', () => {
  bench.answer('compareAndSetLease', ['x', null, lease]);
  bench.server.renew();
  bench.answer('compareAndSetLease', ['y', null, lease]);
  expect(bench.pauses).toEqual([]);
  new Bench({ path }, 'other').answer('open', []);
  bench.server.renew();
  bench.answer('queueState', ['x']);
  expect(bench.pauses).toEqual([]);
  bench.answer('compareAndSetLease', ['z', null, lease]);
  expect(bench.pauses).toHaveLength(1);
});

test('what was lost between two calls is told to the next caller, once', () => {
  bench.answer('open', []);
  rmSync(path, { recursive: true });
  bench.server.checkFiles();
  expect(code(bench.answer('queueState', ['x']))).toBe('ERR_STORE_GONE');
  expect(bench.answer('queueState', ['x'])).toMatchObject({ ok: true });
});

test('what happened in files that were moved away in the meantime does not count', () => {
  const other = new Bench({ path }, 'other');
  bench.answer('open', []);
  other.answer('open', []);
  bench.ask('compareAndSetLease', ['x', null, lease]);
  renameSync(path, `${path}.old`);
  bench.turn();
  expect(bench.replies.at(-1)).toMatchObject({ ok: false, error: { code: 'ERR_STORE_GONE' } });
});

test('LMDB touches no files that were taken away before, and answers nothing that it wrote into such', () => {
  bench.answer('compareAndSetLease', ['x', null, lease]);
  let touched = false;
  bench.activity.during.set('locking', () => {
    touched = true;
  });
  renameSync(path, `${path}.old`);
  expect(code(bench.answer('queueState', ['x']))).toBe('ERR_STORE_GONE');
  expect(touched).toBe(false);
  bench.answer('compareAndSetLease', ['x', null, lease]);
  expect(touched).toBe(true);
  bench.activity.during.set('writing', () => renameSync(path, `${path}.older`));
  expect(code(bench.answer('beat', [{ name: 'x', term: 1, holder: 'h' }, 1, nothing]))).toBe('ERR_STORE_GONE');
});

test('a store that may be opened soon is waited for, for as long as the callers wait', () => {
  const other = new Bench({ path }, 'other');
  other.answer('open', []);
  rmSync(join(path, 'lock.mdb'));
  const patient = bench.ask('queueState', ['x'], bench.now + 5000);
  const urgent = bench.ask('queueState', ['x'], bench.now + 150);
  bench.turn();
  expect(bench.replies).toMatchObject([{ id: urgent, ok: false, error: { code: 'ERR_STORE_UNAVAILABLE' } }]);
  // The other one notices, and lets go; but one file alone has to lie there for a while.
  other.server.checkFiles();
  const again = (): void => {
    bench.now += 500;
    for (const { callback } of bench.later.splice(0)) callback();
  };
  again();
  again();
  expect(bench.answered).toEqual([urgent]);
  for (let turns = 0; turns < 5; turns += 1) again();
  expect(bench.replies).toMatchObject([{ id: urgent }, { id: patient, ok: true }]);
});

test('a store that another thread makes is opened when that is over', () => {
  const owners = join(path, 'owners');
  mkdirSync(owners, { recursive: true });
  writeFileSync(join(owners, 'other'), '');
  writeFileSync(join(path, 'making'), 'other');
  const short = bench.ask('highestTerm', ['x'], bench.now + 150);
  const long = bench.ask('highestTerm', ['x'], bench.now + 60_000);
  bench.turn();
  expect(bench.replies).toMatchObject([
    {
      id: short,
      error: { code: 'ERR_STORE_UNAVAILABLE', message: expect.stringContaining('another process is making it') },
    },
  ]);
  rmSync(join(path, 'making'));
  for (const { callback } of bench.later.splice(0)) callback();
  bench.turn();
  expect(bench.replies[1]).toMatchObject({ id: long, ok: true });
  expect(readdirSync(path)).not.toContain('making');
});
