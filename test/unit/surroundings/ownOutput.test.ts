/** Passing on what a thread has written. */
import { Writable } from 'node:stream';
import { expect, test } from 'vitest';
import { flushOutput } from '../../../src/surroundings/ownOutput.ts';

/** Takes what is written to it only when it is let. */
class Slow extends Writable {
  readonly taken: string[] = [];
  private next: (() => void) | undefined;

  override _write(chunk: Buffer, _encoding: string, taken: () => void): void {
    this.next = () => {
      this.taken.push(String(chunk));
      taken();
    };
  }

  take(): void {
    this.next?.();
  }
}

async function isFlushed(flushing: Promise<void>): Promise<boolean> {
  return Promise.race([flushing.then(() => true), new Promise<boolean>((resolve) => setImmediate(resolve, false))]);
}

test('it waits until all is taken', async () => {
  const slow = new Slow();
  slow.write('first');
  slow.write('second');
  const flushing = flushOutput([slow, new Slow()]);
  for (const taken of [[], ['first'], ['first', 'second']]) {
    expect(await isFlushed(flushing)).toBe(false);
    expect(slow.taken).toEqual(taken);
    slow.take();
  }
  expect(await isFlushed(flushing)).toBe(true);
});

test('it does not wait for what has nothing, or has ended', async () => {
  const ended = new Slow();
  ended.write('left');
  ended.destroy();
  expect(await isFlushed(flushOutput([new Slow(), ended]))).toBe(true);
});

test('a function that a module has put in the place of write fails nothing', async () => {
  const broken = new Slow();
  broken.write('left');
  broken.write = () => {
    throw new Error('not today');
  };
  expect(await isFlushed(flushOutput([broken]))).toBe(true);
});
