/** The handle of the coordinator thread, whose thread is played: what it does when that dies, and when none can be had. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { toWire } from '../../../src/errors.ts';
import { type Client, CoordinatorHandle } from '../../../src/facade/coordinatorHandle.ts';
import type { CoordinatorThreadParts } from '../../../src/facade/coordinatorThread.ts';
import { resolveOptions } from '../../../src/options/resolve.ts';
import type { MemberEvent } from '../../../src/wire/messages.ts';
import { globalTime } from '../../support/globalTime.ts';

const threads = vi.hoisted(() => ({
  /** Why none can be had. */
  refusal: null as Error | null,
  made: [] as {
    lose(error: Error): void;
    end(): void;
    close(): Promise<void>;
    happened(cluster: number, event: MemberEvent): void;
  }[],
  /** What comes from the thread while it is closed. */
  closing: (() => {}) as () => void,
}));

vi.mock('../../../src/facade/coordinatorThread.ts', () => ({
  CoordinatorThread: class {
    lose: (error: Error) => void = () => {};
    end: () => void = () => {};
    readonly lost = new Promise<Error>((resolve) => {
      this.lose = resolve;
    });
    readonly ended = new Promise<void>((resolve) => {
      this.end = resolve;
    });
    readonly happened: (cluster: number, event: MemberEvent) => void;
    constructor({ onEvent }: CoordinatorThreadParts) {
      this.happened = onEvent;
      if (threads.refusal !== null) throw threads.refusal;
      threads.made.push(this);
    }
    hold() {}
    async close() {
      threads.closing();
    }
  },
}));

let handle: CoordinatorHandle;
/** What the clients were told: `1 attached as 1`, `1 lost: why`. */
let told: string[];

beforeEach(() => {
  vi.useFakeTimers();
  threads.refusal = null;
  threads.made.length = 0;
  threads.closing = () => {};
  handle = new CoordinatorHandle(resolveOptions({ nodb: true }), globalTime);
  told = [];
});
afterEach(() => {
  vi.useRealTimers();
});

const client = (name: number): Client => ({
  isMaster: false,
  happened: ({ type }) => told.push(`${name} ${type}`),
  lost: ({ message }) => told.push(`${name} lost: ${message}`),
  attach: (_connection, cluster) => told.push(`${name} attached as ${cluster}`),
  stop: async () => {},
});
const news = (): string[] => told.splice(0);

async function die(): Promise<void> {
  threads.made.at(-1)?.lose(new Error('it died'));
  await vi.advanceTimersByTimeAsync(0);
}

test('a death is told at once, and the next thread comes when the dead one has ended, after a delay', async () => {
  handle.add(client(1));
  handle.add(client(2));
  expect(news()).toEqual(['1 attached as 1', '2 attached as 2']);
  await die();
  expect(news()).toEqual(['1 lost: it died', '2 lost: it died']);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(handle.add(client(3))).toBe(3);
  expect([news(), threads.made.length]).toEqual([[], 1]);
  threads.made[0]?.end();
  await vi.advanceTimersByTimeAsync(99);
  expect(news()).toEqual([]);
  await vi.advanceTimersByTimeAsync(1);
  expect(news()).toEqual(['1 attached as 1', '2 attached as 2', '3 attached as 3']);
});

test('while no thread can be had that is said, and it is tried again and again', async () => {
  handle.add(client(1));
  await die();
  threads.made[0]?.end();
  threads.refusal = new Error('EAGAIN');
  await vi.advanceTimersByTimeAsync(100 + 200 + 400);
  const none = '1 lost: the coordinator thread died, and another one cannot be started';
  expect(news()).toEqual(['1 attached as 1', '1 lost: it died', none, none, none]);
  threads.refusal = null;
  await vi.advanceTimersByTimeAsync(800);
  expect(news()).toEqual(['1 attached as 1']);
});

test('a first thread that cannot be had is an error of who needs it, and leaves nothing behind', async () => {
  threads.refusal = new Error('EAGAIN');
  expect(() => handle.add(client(1))).toThrow('EAGAIN');
  threads.refusal = null;
  const cluster = handle.add(client(2));
  expect(news()).toEqual([`2 attached as ${cluster}`]);
  await die();
  expect(news()).toEqual(['2 lost: it died']);
});

test('the last cluster that goes while none is there takes the restart with it', async () => {
  const cluster = handle.add(client(1));
  await die();
  await handle.remove(cluster);
  threads.made[0]?.end();
  await vi.advanceTimersByTimeAsync(60_000);
  expect([threads.made.length, vi.getTimerCount()]).toEqual([1, 0]);
});

const panic: MemberEvent = { type: 'panic', error: toWire(new Error('it would not stop')) };

test('a cluster that has stopped hears what comes while the thread is closed, and nothing later', async () => {
  const cluster = handle.add(client(1));
  news();
  const [thread] = threads.made;
  threads.closing = () => thread?.happened(cluster, panic);
  await handle.remove(cluster);
  thread?.happened(cluster, panic);
  expect(news()).toEqual(['1 panic']);
});

test('so does each that stops as the whole is closed, and none that stopped before', async () => {
  const clusters = [1, 2, 3].map((name) => handle.add(client(name)));
  news();
  await handle.remove(1);
  threads.closing = () => {
    for (const cluster of clusters) threads.made[0]?.happened(cluster, panic);
  };
  await handle.close();
  for (const cluster of clusters) await handle.remove(cluster);
  expect(news()).toEqual(['2 panic', '3 panic']);
});
