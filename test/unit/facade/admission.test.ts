/** The line of those who wait for room in a full queue. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Admission } from '../../../src/facade/admission.ts';
import { globalTime } from '../../support/globalTime.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** A queue with this much room, whose answers come in a batch, as the feeder's do. */
function fullQueue() {
  const room = { left: 0 };
  const taken: number[] = [];
  const asked: number[] = [];
  const waiters = new Admission(globalTime);
  const served: number[] = [];
  const submit = (id: number) => {
    const attempt = async (): Promise<'queued' | 'full'> => {
      asked.push(id);
      await null;
      if (room.left === 0) return 'full';
      room.left -= 1;
      taken.push(id);
      return 'queued';
    };
    return waiters.serve(attempt).then(() => served.push(id));
  };
  return { room, taken, asked, served, waiters, submit };
}

test('a caller that finds room does not wait', async () => {
  const { room, submit, served } = fullQueue();
  room.left = 1;
  await submit(1);
  expect(served).toEqual([1]);
  expect(vi.getTimerCount()).toBe(0);
});

test('one that asks for many is asked alone, and who comes later only after it has found room for all', async () => {
  const { room, taken, submit, waiters } = fullQueue();
  let wanted = 5;
  const many = waiters.serveAlone(async () => {
    await null;
    const found = Math.min(room.left, wanted);
    room.left -= found;
    wanted -= found;
    taken.push(...Array<number>(found).fill(0));
    // Room that is made now is not for those who came later.
    if (wanted > 0) room.left += 1;
    return wanted === 0 ? 'queued' : 'full';
  });
  const others = [1, 2].map(submit);
  await vi.advanceTimersByTimeAsync(1);
  for (let round = 0; round < 8; round += 1) {
    waiters.makeRoom(3);
    await vi.advanceTimersByTimeAsync(1);
  }
  room.left = 3;
  waiters.makeRoom(3);
  await Promise.all([many, ...others]);
  expect(taken).toEqual([0, 0, 0, 0, 0, 1, 2]);
  expect(vi.getTimerCount()).toBe(0);
});

test('one that was asked before one for many, and had to join the line, stays before it', async () => {
  const { room, taken, submit, waiters } = fullQueue();
  const first = submit(1);
  const many = waiters.serveAlone(async () => {
    await new Promise((resolve) => setTimeout(resolve, 10));
    if (room.left === 0) return 'full';
    taken.push(2);
    return 'queued';
  });
  await vi.advanceTimersByTimeAsync(20);
  room.left = 2;
  waiters.makeRoom(2);
  await vi.advanceTimersByTimeAsync(20);
  await Promise.all([first, many]);
  expect(taken).toEqual([1, 2]);
});

test('room is given in the order of the calls, however little there is at a time', async () => {
  const { room, taken, waiters, submit } = fullQueue();
  const ids = Array.from({ length: 40 }, (_, id) => id);
  const all = Promise.all(ids.map(submit));
  await vi.advanceTimersByTimeAsync(1);
  for (let round = 0; taken.length < ids.length; round += 1) {
    room.left = round % 4;
    waiters.makeRoom(1 + (round % 3));
    waiters.makeRoom(2);
    await vi.advanceTimersByTimeAsync(1);
    room.left = 0;
    await vi.advanceTimersByTimeAsync(200);
  }
  await all;
  expect(taken).toEqual(ids);
  expect(vi.getTimerCount()).toBe(0);
});

test('callers that were called when the end came hear their answer, and the others that it is the end', async () => {
  const waiters = new Admission(globalTime);
  const answers: ((answer: 'queued' | 'full') => void)[] = [];
  const told: string[] = [];
  let over = false;
  for (const id of [1, 2, 3]) {
    const attempt = () => {
      if (over) return Promise.reject(new Error('it is over'));
      return new Promise<'queued' | 'full'>((resolve) => answers.push(resolve));
    };
    void waiters.serve(attempt).then(
      () => told.push(`${id} is queued`),
      ({ message }) => told.push(`${id} hears: ${message}`),
    );
    for (const answer of answers.splice(0)) answer('full');
    await vi.advanceTimersByTimeAsync(0);
  }
  waiters.makeRoom(2);
  over = true;
  waiters.close();
  await vi.advanceTimersByTimeAsync(0);
  expect([told, answers.length]).toEqual([['3 hears: it is over'], 2]);
  answers[0]?.('queued');
  answers[1]?.('full');
  await vi.advanceTimersByTimeAsync(0);
  expect(told.slice(1)).toEqual(['1 is queued', '2 hears: it is over']);
  expect(vi.getTimerCount()).toBe(0);
});

test('who comes later waits behind those who wait', async () => {
  const { room, taken, submit } = fullQueue();
  const first = submit(1);
  await vi.advanceTimersByTimeAsync(1);
  room.left = 2;
  const second = submit(2);
  await vi.advanceTimersByTimeAsync(200);
  await Promise.all([first, second]);
  expect(taken).toEqual([1, 2]);
});

test('room that was made unheard is found, one at first, and twice as many each time', async () => {
  const { room, asked, served, submit } = fullQueue();
  const all = Promise.all(Array.from({ length: 100 }, (_, id) => submit(id)));
  await vi.advanceTimersByTimeAsync(300);
  expect(asked.slice(100)).toEqual([0, 0, 0]);
  room.left = 1000;
  await vi.advanceTimersByTimeAsync(100);
  await all;
  expect(served).toHaveLength(100);
  expect(asked).toHaveLength(203);
});

test('one that fails makes room in the line', async () => {
  const waiters = new Admission(globalTime);
  const answers = ['full', new Error('away')];
  const failing = waiters.serve(async () => {
    const answer = answers.shift();
    if (answer instanceof Error) throw answer;
    return 'full';
  });
  const failed = expect(failing).rejects.toThrow('away');
  await vi.advanceTimersByTimeAsync(100);
  await failed;
  expect(vi.getTimerCount()).toBe(0);
});

test('when there will be no room, every caller asks once more and none waits', async () => {
  let stopped = false;
  const waiters = new Admission(globalTime);
  const attempt = async (): Promise<'full'> => {
    if (stopped) throw new Error('stopped');
    return 'full';
  };
  const waiting = Promise.allSettled([waiters.serve(attempt), waiters.serve(attempt)]);
  await vi.advanceTimersByTimeAsync(1);
  stopped = true;
  waiters.close();
  expect((await waiting).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  expect(vi.getTimerCount()).toBe(0);
});

test('as many may wait, be called and find no room as memory allows', async () => {
  const { room, taken, waiters, submit } = fullQueue();
  const ids = Array.from({ length: 300_000 }, (_, id) => id);
  const all = Promise.all(ids.map(submit));
  await vi.advanceTimersByTimeAsync(1);
  // More than can be arguments of one call stay.
  waiters.makeRoom(ids.length);
  await vi.advanceTimersByTimeAsync(1);
  expect(taken).toEqual([]);
  for (let done = 0; done < 100; done += 1) {
    room.left = 1;
    waiters.makeRoom(1);
    await vi.advanceTimersByTimeAsync(0);
  }
  expect(taken).toHaveLength(100);
  room.left = ids.length;
  await vi.advanceTimersByTimeAsync(5000);
  await all;
  expect(taken).toEqual(ids);
  expect(vi.getTimerCount()).toBe(0);
}, 60_000);

test.each([0, 1, 2, 3, 4, 5, 6])(
  'one that was called hears of the end, also if the line is closed %d turns after its call',
  async (turns) => {
    const waiters = new Admission(globalTime);
    let isOver = false;
    const waits = waiters.serve(async () => {
      if (isOver) throw new Error('stopped');
      return 'full';
    });
    const ended = expect(waits).rejects.toThrow('stopped');
    await vi.advanceTimersByTimeAsync(1);
    waiters.makeRoom(1);
    for (let turn = 0; turn < turns; turn += 1) await null;
    isOver = true;
    waiters.close();
    await ended;
    expect(vi.getTimerCount()).toBe(0);
  },
);
