/** A driver that never finds its server again is replaced by another one, which does. */
import { beforeEach, expect, test, vi } from 'vitest';
import { MongoConnection } from '../../../../../src/store/mongodb/connection/connection.ts';
import type { Settings } from '../../../../../src/store/mongodb/settings.ts';

interface Driver {
  readonly given: { connectTimeoutMS?: number };
  closed: boolean;
  /** Resolves when it is. */
  readonly end: Promise<void>;
}

const world = vi.hoisted(() => ({ drivers: [] as Driver[], reachable: [] as boolean[], said: 'nobody there' }));

vi.mock('mongodb', async (original) => {
  const { EventEmitter } = await import('node:events');
  const { MongoNetworkError, ...mongodb } = await original<typeof import('mongodb')>();
  class MongoClient extends EventEmitter implements Driver {
    closed = false;
    readonly options = { connectTimeoutMS: 1000, heartbeatFrequencyMS: 1000 };
    constructor(
      _uri: string,
      readonly given: { connectTimeoutMS?: number },
    ) {
      super();
    }
    private ended = (): void => {};
    readonly end = new Promise<void>((resolve) => {
      this.ended = resolve;
    });
    private readonly place = world.drivers.push(this) - 1;

    async connect(): Promise<void> {
      if (world.reachable[this.place] === false) throw new MongoNetworkError(world.said);
    }
    async close(): Promise<void> {
      this.closed = true;
      this.ended();
    }
    db(): { command(): Promise<object> } {
      return {
        command: async () => {
          if (world.reachable[this.place] === false) throw new MongoNetworkError(world.said);
          return { ok: 1 };
        },
      };
    }
  }
  return { ...mongodb, MongoNetworkError, MongoClient };
});

/** Longer than anything here takes on a busy machine: by the clock of the test alone time passes. */
const CONNECT = 60_000;
const settings: Settings = {
  ...{
    connectString: 'mongodb://fake',
    database: 'test',
    clientOptions: {},
    debug: false,
    label: 'mongodb://fake/db',
    secrets: [],
  },
  ...{
    commandTimeout: CONNECT,
    taskTimeout: CONNECT,
    connectTimeout: CONNECT,
    connectSteps: [CONNECT],
    freshFor: CONNECT,
    wakeUps: false,
  },
};
const SILENCE = 8000;

let passed: number;
beforeEach(() => {
  world.drivers.length = 0;
  world.reachable = [];
  world.said = 'nobody there';
  // Whole, because a sum of fractions may fall short of the limit.
  passed = Math.round(performance.now());
  vi.spyOn(performance, 'now').mockImplementation(() => passed);
});

const ask = (connection: MongoConnection): Promise<unknown> =>
  connection.run('ask', { ping: 1 }).catch(({ code }) => code);

test('after 8 s without an answer, and not before', async () => {
  const connection = new MongoConnection(settings, async () => {});
  await connection.open();
  world.reachable = [false];
  expect(await ask(connection)).toBe('ERR_STORE_UNAVAILABLE');
  passed += SILENCE - 1;
  expect(await ask(connection)).toBe('ERR_STORE_UNAVAILABLE');
  expect(world.drivers).toHaveLength(1);
  passed += 1;
  expect(await ask(connection)).toBe('ERR_STORE_UNAVAILABLE');
  expect(world.drivers).toHaveLength(2);
  await world.drivers[0]?.end;
  expect(await ask(connection)).toEqual({ ok: 1 });
  expect(world.drivers.map(({ closed }) => closed)).toEqual([true, false]);
  await connection.close();
  expect(world.drivers.map(({ closed }) => closed)).toEqual([true, true]);
});

test('an answer in between begins that time again', async () => {
  const connection = new MongoConnection(settings, async () => {});
  await connection.open();
  for (const reachable of [false, true, false]) {
    world.reachable = [reachable];
    await ask(connection);
    passed += SILENCE - 1;
  }
  expect(world.drivers).toHaveLength(1);
  await connection.close();
});

test('when the other does not find it either, the first goes on, and in time a third is tried', async () => {
  const connection = new MongoConnection(settings, async () => {});
  await connection.open();
  world.reachable = [false, false];
  // Each ends when another has answered, or when it has not.
  for (const ended of [undefined, 1, 0]) {
    await ask(connection);
    if (ended !== undefined) await world.drivers[ended]?.end;
    passed += SILENCE;
  }
  expect(world.drivers).toHaveLength(3);
  expect(world.drivers.map(({ closed }) => closed)).toEqual([true, true, false]);
  await connection.close();
  expect(world.drivers.at(-1)?.closed).toBe(true);
});

const stepped = { ...settings, connectSteps: [2000, 10_000] };
const steps = () => world.drivers.map(({ given }) => given.connectTimeoutMS);

test('when a step of connecting timed out, longer ones are tried before the caller hears of it, and kept', async () => {
  const connection = new MongoConnection(stepped, async () => {});
  world.said = 'connection 1 to far:27017 timed out';
  world.reachable = [false, true];
  await connection.open();
  expect(steps()).toEqual([2000, 10_000]);
  expect(world.drivers.map(({ closed }) => closed)).toEqual([true, false]);
  expect(await ask(connection)).toEqual({ ok: 1 });
  await connection.close();
});

test('a refusal is told at once', async () => {
  const connection = new MongoConnection(stepped, async () => {});
  world.reachable = [false];
  await expect(connection.open()).rejects.toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' });
  expect(steps()).toEqual([2000]);
  await connection.close();
});

test('a database that took long to open gets another client with longer steps, and calls go on', async () => {
  const connection = new MongoConnection(stepped, async () => {
    if (world.drivers.length === 1) passed += 1001;
  });
  await connection.open();
  expect(await ask(connection)).toEqual({ ok: 1 });
  await world.drivers[0]?.end;
  expect(steps()).toEqual([2000, 10_000]);
  expect(await ask(connection)).toEqual({ ok: 1 });
  await connection.close();
});
