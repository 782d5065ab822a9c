import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { whenRejected } from '../../../src/values/rejections.ts';

const refuse = Promise.reject.bind(Promise);

test.each([
  ['a promise', () => refuse(new Error('no'))],
  ['one of another realm', () => runInNewContext('Promise.reject(new Error("no"))')],
  ['a function', () => Object.assign(() => {}, thenable('no'))],
  ['a thenable', () => thenable('no')],
])('the rejection of %s is heard', async (_title, make) => {
  const error = await new Promise<Error>((resolve) => {
    whenRejected(make(), (thrown) => resolve(thrown instanceof Error ? thrown : new Error(Object(thrown).message)));
  });
  expect(error.message).toBe('no');
});

test.each([[undefined], [null], [5], ['text'], [{}], [() => {}]])('%j rejects nothing', (value) => {
  whenRejected(value, () => expect.fail('nothing was rejected'));
});

test('what cannot be asked throws, as the function could have', () => {
  const value = Object.defineProperty({}, 'then', {
    get() {
      throw new RangeError('a getter');
    },
  });
  expect(() => whenRejected(value, () => {})).toThrow('a getter');
});

function thenable(message: string): object {
  // biome-ignore lint/suspicious/noThenProperty: that is what is tested
  return { then: (_fulfilled: unknown, rejected: (error: Error) => void) => rejected(new Error(message)) };
}
