import { describe, expect, test } from 'vitest';
import { Fifo, type Queued } from '../../../../src/queue/memory/fifo.ts';
import type { TaskId } from '../../../../src/task/task.ts';
import { random } from '../random.ts';

const task = (id: TaskId, size = 1): Queued => ({ id, bytes: new Uint8Array(size) });

function fifoOf(...ids: TaskId[]): Fifo {
  const fifo = new Fifo();
  for (const id of ids) fifo.push(task(id));
  return fifo;
}

describe('Fifo', () => {
  test('shows the oldest tasks, in order, and they stay', () => {
    const fifo = fifoOf('b', 'a', 'c');
    expect(fifo.first(2).map(({ id }) => id)).toEqual(['b', 'a']);
    expect(fifo.first(9).map(({ id }) => id)).toEqual(['b', 'a', 'c']);
    expect([fifo.first(0), fifo.size, new Fifo().first(1)]).toEqual([[], 3, []]);
  });

  test('gives tasks back in the order in which they came', () => {
    const fifo = fifoOf('b', 'a', 'c');
    expect(fifo.head()?.id).toBe('b');
    expect([fifo.shift(), fifo.shift(), fifo.shift(), fifo.shift()].map((each) => each?.id)).toEqual([
      'b',
      'a',
      'c',
      undefined,
    ]);
    expect(fifo.head()).toBeUndefined();
    expect(fifo.push(task('b'))).toBe(true);
    expect(fifo.head()?.id).toBe('b');
  });

  test('refuses an id that is queued already, and keeps the first task', () => {
    const fifo = new Fifo();
    const first = task('a', 3);
    expect(fifo.push(first)).toBe(true);
    expect(fifo.push(task('a', 5))).toBe(false);
    expect(fifo.head()).toBe(first);
    expect([fifo.size, fifo.bytes]).toEqual([1, 3]);
  });

  test('takes 1 and "1" for two ids', () => {
    const fifo = fifoOf(1, '1');
    expect(fifo.size).toBe(2);
    expect(fifo.delete('1')).toBe(true);
    expect([...fifo.ids()]).toEqual([1]);
  });

  test('removes everything up to and including an id, or nothing when it is not there', () => {
    const fifo = fifoOf(1, 2, 3, 4);
    expect(fifo.removeThrough(9)).toEqual([]);
    expect(fifo.removeThrough(3)).toEqual([1, 2, 3]);
    expect(fifo.removeThrough(4)).toEqual([4]);
    expect([fifo.size, fifo.bytes, fifo.head()]).toEqual([0, 0, undefined]);
  });

  test('does what a plain list would do, whatever is asked of it', () => {
    for (let seed = 1; seed <= 20; seed++) {
      const chance = random(seed);
      const fifo = new Fifo();
      let model: Queued[] = [];
      for (let step = 0; step < 300; step++) {
        const id = chance.below(20);
        const at = model.findIndex((each) => each.id === id);
        switch (chance.below(4)) {
          case 0:
          case 1: {
            const added = task(id, chance.below(5));
            expect(fifo.push(added), `seed ${seed}`).toBe(at < 0);
            if (at < 0) model.push(added);
            break;
          }
          case 2:
            expect(fifo.delete(id), `seed ${seed}`).toBe(at >= 0);
            model = model.filter((each) => each.id !== id);
            break;
          default:
            if (chance.below(3) === 0) {
              expect(fifo.removeThrough(id), `seed ${seed}`).toEqual(model.splice(0, at + 1).map((each) => each.id));
            } else expect(fifo.shift(), `seed ${seed}`).toBe(model.shift());
        }
        expect(fifo.head(), `seed ${seed}`).toBe(model[0]);
        expect([...fifo.ids()], `seed ${seed}`).toEqual(model.map((each) => each.id));
        expect(fifo.size).toBe(model.length);
        expect(fifo.bytes, `seed ${seed}`).toBe(model.reduce((sum, each) => sum + each.bytes.length, 0));
        expect(fifo.has(id)).toBe(model.some((each) => each.id === id));
      }
    }
  });

  /** Fails by the suite's time limit where each removal walks over the holes of those before: that takes longer by far. */
  test('takes 300,000 tasks in and out, from the front and from anywhere, without slowing down', () => {
    const fifo = new Fifo();
    const bytes = new Uint8Array(0);
    for (let id = 0; id < 300_000; id++) fifo.push({ id, bytes });
    for (let id = 0; id < 150_000; id++) if (fifo.shift()?.id !== id) expect.fail(`${id} was not next`);
    for (let id = 150_000; id < 300_000; id += 2) fifo.delete(id);
    for (let id = 150_001; id < 300_000; id += 2) if (fifo.shift()?.id !== id) expect.fail(`${id} was not next`);
    expect(fifo.size).toBe(0);
  });
});
