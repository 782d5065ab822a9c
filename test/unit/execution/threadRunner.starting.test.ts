/** The start of a task thread, with one that a script takes the place of: what it means for the places of the others. */
import { beforeEach, describe, expect, test } from 'vitest';
import { PoolStart } from '../../../src/execution/poolStart.ts';
import { StartGate } from '../../../src/execution/startGate.ts';
import type { TaskPool } from '../../../src/execution/taskPool.ts';
import { ThreadPlaces } from '../../../src/execution/threadPlaces.ts';
import { pause } from '../../../src/time/pause.ts';
import { VirtualClock } from '../../support/virtualClock.ts';

const EXIT_MS = 300;
const error = { name: 'Error', message: 'not today', code: undefined, stack: undefined, ours: undefined };

let clock: VirtualClock;
let places: ThreadPlaces;
let told: string[];

beforeEach(() => {
  clock = new VirtualClock();
  places = new ThreadPlaces(clock, 2);
  told = [];
});

/** A thread that tells after so many ms that its module threw, and exits some time after it was ended. */
function threadThatFails(after: number): TaskPool {
  let exit: (() => void) | undefined;
  const exited = new Promise<void>((resolve) => {
    exit = resolve;
  });
  const pool: Pick<TaskPool, 'loaded' | 'exited' | 'terminate' | 'usable' | 'stops'> = {
    usable: true,
    stops: false,
    exited,
    loaded: Promise.race([pause(clock, after), exited]).then(() => {
      return { failure: { type: 'error', error }, took: 0, exited: false };
    }),
    terminate: () => {
      void pause(clock, EXIT_MS).then(() => exit?.());
      return exited;
    },
  };
  return pool as TaskPool;
}

/** Beside one idle thread. */
async function start(pool: TaskPool): Promise<PoolStart> {
  places.ask(() => told.push('the idle one leaves')).loaded(0);
  const place = places.ask(() => {});
  await place.granted;
  return new PoolStart({
    ...{ gate: new StartGate(clock, { starts: 2, held: 1000 }), place, clock },
    ...{ loadTimeout: 100, exitPatience: 2000, makePool: () => pool },
    idleExit: () => told.push('idle exit'),
    stopFailed: () => told.push('stop failed'),
  });
}

describe('a thread that is ended because its load', () => {
  test.each([
    ['failed', 50, 'not today'],
    ['takes too long', 1e9, 'loadTimeout'],
  ])('%s makes room, so no other has to', async (_what, after, why) => {
    const started = await start(threadThatFails(after));
    await clock.advance(150);
    const next = places.ask(() => {});
    void next.granted.then(() => told.push('the next has its place'));
    await clock.advance(EXIT_MS - 101);
    expect(told).toEqual([]);
    await clock.advance(101);
    expect(told).toEqual(['the next has its place']);
    expect(await started.outcome).toMatchObject({ type: 'failed', error: { message: expect.stringContaining(why) } });
  });
});
