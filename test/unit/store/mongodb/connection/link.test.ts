/** What a command does about connections that may be dead, on a pool that hands them out as the driver does. */
import { EventEmitter } from 'node:events';
import { type Abortable, type BSONSerializeOptions, MongoClient, MongoNetworkError, MongoServerError } from 'mongodb';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Fields } from '../../../../../src/store/documents.ts';
import { Link } from '../../../../../src/store/mongodb/connection/link.ts';
import { bson } from '../../../../../src/task/bson.ts';

const FRESH = 3000;
const LIMIT = 10_000;
const find = { find: 'c' };
const insert = { insert: 'c' };

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** How a connection behaves: it answers, drops what it gets, breaks, or refuses. */
type Kind = 'answers' | 'dead' | 'breaks' | 'refuses';

class Driver {
  /** The first is the next one. */
  idle: number[] = [];
  readonly kinds = new Map<number, Kind>();
  readonly sent: { readonly on: number; readonly command: string }[] = [];
  readonly closed: number[] = [];
  readonly client = new MongoClient('mongodb://127.0.0.1');
  readonly measured: number[] = [];
  readonly link: Link;
  newKind: Kind = 'answers';
  /** How long an answer takes, in ms. */
  takes = 0;
  options: BSONSerializeOptions = {};
  private last = 0;

  constructor(kinds: readonly Kind[], freshFor = FRESH) {
    const parts = {
      label: 'mongodb://fake/db',
      freshFor,
      now: () => performance.now(),
      measured: (ms: number) => this.measured.push(ms),
    };
    this.link = new Link(this.client, parts);
    this.tell('serverDescriptionChanged', { newDescription: { type: 'Standalone' } });
    for (const kind of kinds) this.idle.push(this.open(kind));
    Object.assign(this.client, { db: () => ({ command: this.command }) });
  }

  commands(name: string): number {
    return this.sent.filter(({ command }) => command === name).length;
  }

  private open(kind: Kind): number {
    this.last += 1;
    this.kinds.set(this.last, kind);
    this.tell('connectionReady', { connectionId: this.last });
    return this.last;
  }

  private tell(event: string, more: object): void {
    EventEmitter.prototype.emit.call(this.client, event, { address: 'a', ...more });
  }

  private readonly command = async (command: Fields, options: BSONSerializeOptions & Abortable): Promise<Fields> => {
    this.options = options;
    const { signal } = options;
    await Promise.resolve();
    const on = this.idle.shift() ?? this.open(this.newKind);
    this.tell('connectionCheckedOut', { connectionId: on });
    this.sent.push({ on, command: Object.keys(command)[0] ?? '' });
    const kind = this.kinds.get(on);
    try {
      await new Promise<void>((resolve, reject) => {
        signal?.addEventListener('abort', () => reject(signal.reason));
        if (kind === 'breaks') reject(new MongoNetworkError('it broke'));
        if (kind === 'refuses') reject(new MongoServerError({ message: 'it refuses' }));
        if (kind === 'answers' && this.takes === 0) resolve();
        else if (kind === 'answers') setTimeout(resolve, this.takes);
      });
    } catch (error) {
      if (error instanceof MongoServerError) this.back(on);
      else this.end(on);
      throw error;
    }
    this.back(on);
    return { ok: 1, on };
  };

  private back(on: number): void {
    this.idle.unshift(on);
    this.tell('connectionCheckedIn', { connectionId: on });
  }

  private end(on: number): void {
    this.closed.push(on);
    this.tell('connectionCheckedIn', { connectionId: on });
    this.tell('connectionClosed', { connectionId: on });
  }

  /** Sends a command within its limit, and returns its answer, or its error, with the time that it took. */
  async run(command: Fields, limit = LIMIT, isQuick = false): Promise<{ answer: Fields | Error; took: number }> {
    const controller = new AbortController();
    const end = setTimeout(() => controller.abort(new Error('the limit')), limit);
    const from = performance.now();
    const answer = await this.link.run(command, limit, controller.signal, isQuick).catch((error: Error) => error);
    clearTimeout(end);
    return { answer, took: performance.now() - from };
  }
}

/** Lets all that is under way come to its end. */
async function settled<T>(work: Promise<T>): Promise<T> {
  await vi.advanceTimersByTimeAsync(60_000);
  return work;
}

/** The same for what takes no more than a moment. */
async function settledSoon<T>(work: Promise<T>): Promise<T> {
  await vi.advanceTimersByTimeAsync(20);
  return work;
}

async function silent(driver: Driver): Promise<Driver> {
  await vi.advanceTimersByTimeAsync(FRESH + 1);
  return driver;
}

const ok = (on: unknown = expect.any(Number)) => ({ ok: 1, on });

test.each([find, insert])('goes out at once on a fresh connection: %j', async (command) => {
  const driver = new Driver(['answers', 'answers']);
  const { answer, took } = await settled(driver.run(command));
  expect([answer, took]).toEqual([ok(1), 0]);
  expect(driver.sent).toHaveLength(1);
});

test('after a silence goes out on the first connection that answers a ping', async () => {
  const driver = await silent(new Driver(['answers', 'answers']));
  const { answer, took } = await settled(driver.run(insert));
  expect([answer, took]).toEqual([ok(), 0]);
  expect([driver.commands('ping'), driver.commands('insert')]).toEqual([2, 1]);
  expect(driver.closed).toEqual([]);
});

test.each([find, insert])('on dead connections alone it opens a new one, and dead ones leave: %j', async (command) => {
  const driver = await silent(new Driver(['dead', 'dead', 'dead']));
  const { answer, took } = await settled(driver.run(command));
  expect(answer).toEqual(ok(4));
  expect(took).toBe(250);
  expect(driver.closed).toEqual([1, 2, 3]);
  expect(driver.commands(Object.keys(command)[0] ?? '')).toBe(1);
});

test.each([find, insert])('connections that break in the check are no reason to wait: %j', async (command) => {
  const driver = await silent(new Driver(['breaks', 'breaks']));
  const { answer, took } = await settled(driver.run(command));
  expect([answer, took]).toEqual([ok(3), 0]);
});

test('what a burst has left is not kept from growing old', async () => {
  const driver = await silent(new Driver(Array(12).fill('answers')));
  const { answer } = await settled(driver.run(insert));
  expect(answer).toEqual(ok());
  expect(driver.commands('ping')).toBe(4);
});

test.each([find, insert])(
  'on many dead connections it opens a new one, though few were pinged at first: %j',
  async (command) => {
    const driver = await silent(new Driver(Array(12).fill('dead')));
    const { answer, took } = await settled(driver.run(command));
    expect([answer, took]).toEqual([ok(13), 250]);
    expect(driver.closed).toHaveLength(12);
    expect(driver.commands(Object.keys(command)[0] ?? '')).toBe(1);
  },
);

test('many commands at once each count those before them', async () => {
  const driver = new Driver(['answers', 'dead', 'dead']);
  await vi.advanceTimersByTimeAsync(FRESH - 1);
  await driver.run(insert);
  await vi.advanceTimersByTimeAsync(2);
  const outcomes = await settled(Promise.all([insert, insert, insert, insert].map((command) => driver.run(command))));
  expect(outcomes.map(({ answer }) => answer)).toEqual([ok(), ok(), ok(), ok()]);
  for (const { took } of outcomes) expect(took).toBeLessThanOrEqual(250);
  expect(driver.closed).toEqual([2, 3]);
});

test('a burst gets no dead connection, though fewer were of use lately than it takes', async () => {
  const driver = new Driver(Array(12).fill('answers'));
  driver.takes = 8;
  const burst = (commands: number) =>
    settledSoon(Promise.all(Array.from({ length: commands }, () => driver.run(insert, 912))));
  await burst(12);
  for (const commands of [...Array(10).fill(2), 6, ...Array(15).fill(2)]) {
    await burst(commands);
    await vi.advanceTimersByTimeAsync(2000);
  }
  // A middle box has forgotten those that only the first burst took.
  for (const id of driver.idle.slice(6)) driver.kinds.set(id, 'dead');
  const outcomes = await settled(Promise.all(Array.from({ length: 12 }, () => driver.run(insert, 912))));
  expect(outcomes.map(({ answer }) => answer)).toEqual(Array(12).fill(ok()));
  for (const { took } of outcomes) expect(took).toBeLessThanOrEqual(250 + 8);
});

describe.each([0, 8])('with answers after %i ms', (takes) => {
  const cases = [1, 3, 12, 40, 90].flatMap((idle) => [0, 1, 2, 5, 20].map((live) => ({ idle, live })));
  test.each(cases)('of $idle idle ones with $live live ones no dead one is handed out', async ({ idle, live }) => {
    for (const commands of [1, 2, 5, 12, 30]) {
      const kinds = Array.from({ length: idle }, (_, at): Kind => (at < live ? 'answers' : 'dead'));
      const driver = await silent(new Driver(kinds));
      driver.takes = takes;
      // Those of beats are fresh.
      const fresh = Math.min(2, live, idle);
      await settledSoon(Promise.all(Array.from({ length: fresh }, () => driver.run(insert))));
      const sending = Array.from({ length: commands }, () => driver.run(insert, 912));
      const outcomes = await settled(Promise.all(sending));
      expect(outcomes.map(({ answer }) => answer)).toEqual(Array(commands).fill(ok()));
    }
  });
});

test('while connections are checked, commands open no new ones if the old ones answer', async () => {
  const driver = await silent(new Driver(Array(20).fill('answers')));
  driver.takes = 8;
  const outcomes = await settled(Promise.all(Array.from({ length: 20 }, () => driver.run(insert, 912))));
  expect(outcomes.map(({ answer }) => answer)).toEqual(Array(20).fill(ok()));
  expect(driver.kinds.size).toBe(20);
});

test('a read without an answer is sent again, and the dead connection is closed', async () => {
  const driver = new Driver(['dead', 'answers']);
  const { answer, took } = await settled(driver.run(find));
  expect([answer, took]).toEqual([ok(2), 1000]);
  expect(driver.commands('find')).toBe(2);
  expect(driver.closed).toEqual([1]);
});

test('a read without an answer is sent again and again, ever more rarely, and all dead connections are closed', async () => {
  const driver = new Driver(['dead']);
  driver.newKind = 'dead';
  const { answer, took } = await settled(driver.run(find));
  expect([answer, took]).toEqual([new Error('the limit'), LIMIT]);
  // After 1, 3 and 7 s.
  expect(driver.commands('find')).toBe(4);
  const opened = new Driver(['dead']);
  opened.newKind = 'dead';
  const reading = opened.run(find);
  await vi.advanceTimersByTimeAsync(2500);
  opened.newKind = 'answers';
  const later = await settled(reading);
  expect(later.answer).toEqual(ok());
  expect(later.took).toBeLessThanOrEqual(3250);
});

test('a read whose connection breaks is sent again at once, and twice at most', async () => {
  const driver = new Driver(['breaks', 'answers']);
  expect(await settled(driver.run(find))).toEqual({ answer: ok(2), took: 0 });
  const broken = new Driver(['breaks', 'breaks', 'breaks', 'answers']);
  expect((await settled(broken.run(find))).answer).toBeInstanceOf(MongoNetworkError);
  expect(broken.commands('find')).toBe(3);
});

test('a refusal is an answer', async () => {
  const driver = new Driver(['refuses', 'answers']);
  expect((await settled(driver.run(find))).answer).toBeInstanceOf(MongoServerError);
  expect(driver.commands('find')).toBe(1);
});

test.each<Kind>(['dead', 'breaks'])('a write is sent once only, and fails (%s)', async (kind) => {
  const driver = new Driver([kind, 'answers']);
  expect((await settled(driver.run(insert))).answer).toBeInstanceOf(Error);
  expect(driver.commands('insert')).toBe(1);
});

test('a write without an answer has all others checked while it waits', async () => {
  const driver = new Driver(['dead', 'dead', 'dead']);
  const first = driver.run(insert);
  await vi.advanceTimersByTimeAsync(1000);
  expect(driver.commands('ping')).toBe(2);
  const second = driver.run(insert);
  await vi.advanceTimersByTimeAsync(250);
  expect(await second).toEqual({ answer: ok(4), took: 250 });
  // The check has had its time, and it still holds the dead ones.
  expect(await driver.run(insert)).toEqual({ answer: ok(4), took: 0 });
  // A second until the doubt, one for the pings of dead connections, one for late answers.
  expect(await settled(first)).toMatchObject({ answer: { message: expect.stringContaining('no answer') }, took: 3000 });
});

test('a write on a dead connection fails when the server answers again', async () => {
  const driver = new Driver(['dead', 'dead']);
  driver.newKind = 'dead';
  const writing = driver.run(insert);
  await vi.advanceTimersByTimeAsync(2900);
  driver.newKind = 'answers';
  const { answer, took } = await settled(writing);
  expect(answer).toMatchObject({ message: expect.stringContaining('no answer') });
  expect(took).toBe(4000);
});

test('a slow write does not fail while other connections answer, nor while none does', async () => {
  const driver = new Driver(['dead', 'answers', 'answers']);
  expect(await settled(driver.run(insert))).toEqual({ answer: new Error('the limit'), took: LIMIT });
  const stalled = new Driver(['dead', 'dead']);
  stalled.newKind = 'dead';
  expect(await settled(stalled.run(insert))).toEqual({ answer: new Error('the limit'), took: LIMIT });
});

test('far from the server an answer that takes as long as ever is waited for', async () => {
  const driver = new Driver(['answers', 'answers', 'answers']);
  driver.takes = 450;
  await settled(driver.link.measure(9));
  expect(driver.measured).toEqual(Array.from({ length: 9 }, () => 450));
  await settled(driver.run(insert, 912));
  driver.sent.length = 0;
  expect(await settled(driver.run(find, 912))).toMatchObject({ answer: ok() });
  expect(driver.commands('find')).toBe(1);
});

test('commands that take as long as their limit leave nothing behind', async () => {
  const driver = new Driver(['dead']);
  driver.takes = LIMIT * 2;
  const { answer, took } = await settled(driver.run(find));
  expect([answer, took]).toEqual([new Error('the limit'), LIMIT]);
  expect(driver.closed).toContain(1);
});

test('a client is closed when nothing is under way, or when its time is over', async () => {
  const driver = new Driver(['answers', 'dead']);
  const close = vi.spyOn(driver.client, 'close').mockResolvedValue();
  driver.takes = 100;
  const running = driver.run(insert);
  await vi.advanceTimersByTimeAsync(0);
  const retired = driver.link.retire(LIMIT);
  await vi.advanceTimersByTimeAsync(99);
  expect(close).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(1);
  await Promise.all([running, retired]);
  expect(close).toHaveBeenCalledTimes(1);

  const hanging = new Driver(['dead']);
  const end = vi.spyOn(hanging.client, 'close').mockResolvedValue();
  void hanging.run(insert, 2 * LIMIT);
  await vi.advanceTimersByTimeAsync(0);
  void hanging.link.retire(LIMIT);
  await vi.advanceTimersByTimeAsync(LIMIT);
  expect(end).toHaveBeenCalledTimes(1);
});

describe('a command for many that is slow', () => {
  const leases = Array.from({ length: 200 }, (_, index) => `lease/${index}`);
  const updates = leases.map((_id) => ({ q: { _id }, u: { $set: { beat: 1 } } }));
  const limit = 912;

  test('is not given up because idle connections were found dead', async () => {
    const driver = new Driver(['answers', 'breaks']);
    driver.takes = 800;
    const writing = driver.run({ update: 'c', updates }, limit, true);
    // A new connection answers at once.
    await vi.advanceTimersByTimeAsync(1);
    driver.takes = 0;
    expect(await settled(writing)).toEqual({ answer: ok(1), took: 800 });
  });

  test('of one lease is given up, as its connection is likely to be dead, too', async () => {
    const driver = new Driver(['answers', 'breaks']);
    driver.takes = 800;
    const writing = driver.run({ update: 'c', updates: updates.slice(0, 1) }, limit, true);
    await vi.advanceTimersByTimeAsync(1);
    driver.takes = 0;
    expect((await settled(writing)).answer).toMatchObject({ message: expect.stringContaining('on this connection') });
  });

  test('and reads is not sent a second time before half of its limit', async () => {
    const driver = new Driver(['answers', 'answers', 'answers']);
    driver.takes = 440;
    await settled(driver.run({ find: 'c', filter: { _id: { $in: leases } } }, limit, true));
    expect(driver.commands('find')).toBe(1);
    driver.takes = 470;
    await settled(driver.run({ find: 'c', filter: { _id: { $in: leases } } }, limit, true));
    expect(driver.commands('find')).toBeGreaterThan(1);
  });

  test.each([
    ['highest terms', { find: 'c', filter: { name: { $in: leases.slice(0, 100) } } }],
    ['lines', { find: 'c', filter: { name: { $in: leases } } }],
    ['farewells', { delete: 'c', deletes: [{ q: { _id: { $in: leases } }, limit: 0 }] }],
  ])('of whatever kind says nothing of how far the server is: %s', async (_, command) => {
    const driver = new Driver(['answers', 'answers', 'answers']);
    driver.takes = 440;
    await settled(driver.run(command, limit, true));
    expect([driver.sent.length, driver.measured]).toEqual([1, []]);
  });

  test('is none of a look at one lease', async () => {
    const driver = new Driver(['answers']);
    driver.takes = 40;
    const filter = { _id: { $in: leases.slice(0, 4) }, format: { $in: [null, 1] } };
    await settled(driver.run({ find: 'c', filter }, limit, true));
    expect(driver.measured).toEqual([40]);
  });

  test('makes no small command wait for longer on a dead connection', async () => {
    const driver = new Driver(['answers', 'answers']);
    driver.takes = 440;
    for (let time = 0; time < 20; time++) await settled(driver.run({ update: 'c', updates }, limit, true));
    // Nor does it make the intervals too short.
    expect(driver.measured).toEqual([]);
    Object.assign(driver, { takes: 0, idle: [] });
    driver.newKind = 'dead';
    const reading = driver.run(find, limit, true);
    // A quarter of the limit, and the time of a ping.
    await vi.advanceTimersByTimeAsync(229 + 250);
    expect(driver.commands('find')).toBe(2);
    await settled(reading);
  });

  test('that carries tasks is in doubt as early as ever', async () => {
    const driver = new Driver(['dead', 'answers']);
    void driver.run({ insert: 'c', documents: updates }, LIMIT, false);
    await vi.advanceTimersByTimeAsync(1001);
    expect(driver.commands('ping')).toBeGreaterThan(0);
  });
});

test('an answer can be read though another program wrote a text into it that is no UTF-8', async () => {
  const driver = new Driver(['answers']);
  await settled(driver.run(find));
  const bytes = Buffer.from(bson.serialize({ key: 'XYZ', fine: 'fine' }));
  bytes[bytes.indexOf('XYZ')] = 0xff;
  // As the driver does it.
  const validation = { utf8: driver.options.enableUtf8Validation !== false };
  expect(bson.deserialize(bytes, { validation })).toEqual({ key: '\uFFFDYZ', fine: 'fine' });
});
