/** Wake-ups on streams that are played: what they are opened for, what they hint at, and what becomes of those that end. */
import { beforeEach, describe, expect, test } from 'vitest';
import type { Fields } from '../../../../../src/store/documents.ts';
import type { Streams } from '../../../../../src/store/mongodb/wakeups/streams.ts';
import { WakeUps } from '../../../../../src/store/mongodb/wakeups/wakeUps.ts';
import type { Hint, HintTopic, WantedHints } from '../../../../../src/store/store.ts';
import { VirtualClock } from '../../../../support/virtualClock.ts';

type Answer = readonly Fields[] | Error;

/** Streams that answer when the test says so. */
class PlayedStreams implements Streams {
  closed = false;
  readonly asked: Record<HintTopic, number> = { lease: 0, tasks: 0 };
  private readonly waiting = new Map<HintTopic, (answer: Answer) => void>();

  constructor(readonly wanted: WantedHints) {}

  next(topic: HintTopic): Promise<readonly Fields[]> {
    this.asked[topic] += 1;
    return new Promise((resolve, reject) => {
      this.waiting.set(topic, (answer) => {
        this.waiting.delete(topic);
        if (answer instanceof Error) reject(answer);
        else resolve(answer);
      });
    });
  }

  answer(topic: HintTopic, answer: Answer): void {
    this.waiting.get(topic)?.(answer);
  }

  isAsked(topic: HintTopic): boolean {
    return this.waiting.has(topic);
  }

  /** What waits is ended by it, as by a client that is closed. */
  async close(): Promise<void> {
    this.closed = true;
    for (const topic of ['lease', 'tasks'] as const) this.answer(topic, new Error('the client was closed'));
  }
}

let clock: VirtualClock;
let streams: PlayedStreams[];
let hints: Hint[];
let told: string[];
let wakeUps: WakeUps;

beforeEach(() => {
  clock = new VirtualClock();
  [streams, hints, told] = [[], [], []];
  wakeUps = new WakeUps({
    open: (wanted) => {
      const opened = new PlayedStreams(wanted);
      streams.push(opened);
      return opened;
    },
    now: () => clock.now(),
    after: (ms, callback) => clock.at(clock.now() + ms, callback),
    hint: (hint) => hints.push(hint),
    told: (text) => told.push(text),
    explain: ({ message }: Error) => ({ reason: message, lasts: message.startsWith('refused') }),
  });
});

const present = (): PlayedStreams => {
  const last = streams.at(-1);
  if (last === undefined) throw new Error('No streams were opened.');
  return last;
};
const inserted = (name: string): Fields => ({ operationType: 'insert', fullDocument: { name } });
const about = (...names: string[]) => hints.map(({ topic, concerns }) => [topic, ...names.filter(concerns)]);

/** Opens streams for `a`, which have nothing to tell. */
async function listening(wanted: WantedHints = { lease: ['a'], tasks: ['a'] }): Promise<PlayedStreams> {
  wakeUps.want(wanted);
  wakeUps.start();
  await clock.advance(0);
  await opens();
  return present();
}

async function opens(): Promise<void> {
  for (const topic of ['lease', 'tasks'] as const) present().answer(topic, []);
  // Servers that say at once that there is nothing are not asked at once.
  await clock.advance(25);
}

test('nothing is opened before the store is, nor for nothing, nor after a close', async () => {
  wakeUps.want({ lease: ['a'], tasks: [] });
  await clock.advance(10_000);
  expect(streams).toHaveLength(0);
  wakeUps.start();
  wakeUps.start();
  await clock.advance(0);
  expect(streams).toHaveLength(1);
  wakeUps.want({ lease: [], tasks: [] });
  await clock.advance(10_000);
  expect(streams).toHaveLength(1);
  expect(present().closed).toBe(true);
  await wakeUps.close();
  wakeUps.want({ lease: ['a'], tasks: [] });
  wakeUps.start();
  await clock.advance(10_000);
  expect(streams).toHaveLength(1);
  expect(clock.pending).toBe(0);
});

test('the stream of tasks is left out where no queue is stored', async () => {
  const { asked } = await listening({ lease: ['a'], tasks: [] });
  expect(asked.lease).toBeGreaterThan(0);
  expect(asked.tasks).toBe(0);
});

describe('changes', () => {
  test('of one answer are one hint, about all names that they name', async () => {
    const stream = await listening();
    stream.answer('lease', [inserted('a'), inserted('b'), inserted('a')]);
    stream.answer('tasks', [inserted('a')]);
    await clock.advance(0);
    expect(about('a', 'b', 'c')).toEqual([
      ['lease', 'a', 'b'],
      ['tasks', 'a'],
    ]);
  });

  test('of a lease and of orders name their subsystem by their key, and others concern all', async () => {
    const stream = await listening();
    for (const [id, names] of [
      ['lease/a', ['a']],
      ['orders/a', ['a']],
      ['drain/host/h', ['a', 'b']],
      [7, ['a', 'b']],
      [undefined, ['a', 'b']],
    ] as const) {
      hints.length = 0;
      stream.answer('lease', [{ operationType: 'update', documentKey: { _id: id } }]);
      await clock.advance(10);
      expect(about('a', 'b')).toEqual([['lease', ...names]]);
    }
  });

  test('that follow each other are asked for some ms later, together', async () => {
    const stream = await listening();
    const before = stream.asked.tasks;
    for (let round = 0; round < 10; round++) {
      stream.answer('tasks', [inserted('a')]);
      await clock.advance(1);
    }
    expect(stream.asked.tasks - before).toBeLessThanOrEqual(2);
  });

  test('are asked for at once when the server has waited, and after a while when it has not', async () => {
    const stream = await listening();
    await clock.advance(5000);
    stream.answer('lease', []);
    await clock.advance(0);
    expect(stream.isAsked('lease')).toBe(true);
    stream.answer('lease', []);
    await clock.advance(1);
    expect(stream.isAsked('lease')).toBe(false);
    await clock.advance(24);
    expect(stream.isAsked('lease')).toBe(true);
  });
});

describe('streams that end', () => {
  test('are opened again, with one hint at all, and a single end is not worth a word', async () => {
    const first = await listening();
    first.answer('lease', new Error('ChangeStreamHistoryLost'));
    await clock.advance(0);
    expect(first.closed).toBe(true);
    expect(streams).toHaveLength(1);
    await clock.advance(1000);
    expect(streams).toHaveLength(2);
    expect(hints).toEqual([]);
    await opens();
    expect(about('a', 'any')).toEqual([
      ['lease', 'a', 'any'],
      ['tasks', 'a', 'any'],
    ]);
    expect(told).toEqual([]);
  });

  test('again and again are told of once, tried more and more seldom, and told of when they are back', async () => {
    await listening();
    const opened: number[] = [];
    for (let left = 10; left > 0; left--) {
      const count = streams.length;
      present().answer('lease', new Error('no primary'));
      while (streams.length === count) await clock.advance(500);
      opened.push(clock.now());
    }
    const pauses = opened.slice(1).map((at, index) => at - (opened[index] ?? 0));
    expect(pauses).toEqual([2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, 60_000, 60_000]);
    expect(told).toEqual([expect.stringContaining('no primary')]);
    await opens();
    expect(told).toHaveLength(2);
    expect(told[1]).toContain('work again');
  });

  test('that the server refuses are told of at once, and tried again after minutes', async () => {
    wakeUps.want({ lease: ['a'], tasks: ['a'] });
    wakeUps.start();
    await clock.advance(0);
    present().answer('lease', new Error('refused: only supported on replica sets'));
    await clock.advance(60_000);
    expect(told).toEqual([expect.stringContaining('only supported on replica sets')]);
    expect(streams).toHaveLength(1);
    await clock.advance(9 * 60_000);
    expect(streams).toHaveLength(2);
  });

  test('after a long life are opened again as soon as after the first', async () => {
    await listening();
    for (let lives = 0; lives < 5; lives++) {
      await clock.advance(60_000);
      present().answer('tasks', new Error('the cursor was killed'));
      await clock.advance(1000);
      await opens();
    }
    expect(streams).toHaveLength(6);
    expect(told).toEqual([]);
  });

  test('say nothing more, whatever still comes of them', async () => {
    const stream = await listening();
    wakeUps.want({ lease: ['a', 'b'], tasks: [] });
    await clock.advance(100);
    expect(streams).toHaveLength(2);
    expect(present().wanted.lease).toEqual(['a', 'b']);
    stream.answer('lease', [inserted('a')]);
    await clock.advance(10_000);
    expect(hints).toEqual([]);
    expect(told).toEqual([]);
    expect(streams).toHaveLength(2);
  });
});

test('names that come one after another are collected', async () => {
  await listening();
  for (const lease of [
    ['a', 'b'],
    ['a', 'b', 'c'],
    ['a', 'b', 'c', 'd'],
  ]) {
    wakeUps.want({ lease, tasks: [] });
    await clock.advance(20);
  }
  await clock.advance(100);
  expect(streams.map(({ wanted }) => wanted.lease.length)).toEqual([1, 4]);
  wakeUps.want({ lease: ['a', 'b', 'c', 'd'], tasks: [] });
  await clock.advance(1000);
  expect(streams).toHaveLength(2);
});

test('a close ends what waits, and nothing is opened or told after it', async () => {
  const stream = await listening();
  await wakeUps.close();
  expect(stream.closed).toBe(true);
  await clock.advance(20 * 60_000);
  expect(streams).toHaveLength(1);
  expect(told).toEqual([]);
  expect(clock.pending).toBe(0);
});
