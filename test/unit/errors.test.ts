/** Errors cross threads as data, and are what they were on the other side. */
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import {
  FailoverError,
  fromWire,
  InvalidOptionError,
  StateError,
  StoreError,
  TaskError,
  toWire,
  WorkError,
} from '../../src/errors.ts';

const across = (thrown: unknown): Error & { code?: string } => fromWire(structuredClone(toWire(thrown)));

test.each([
  new FailoverError('ERR_LISTENER', 'a'),
  new InvalidOptionError('b'),
  new TaskError('ERR_QUEUE_FULL', 'c'),
  new WorkError('ERR_WORK_FAILED', 'd'),
  new StateError('ERR_STOPPED', 'e'),
  new StoreError('ERR_STORE', 'f'),
])('$name keeps its class, code, message and stack', (error) => {
  const back = across(error);
  expect(back).toBeInstanceOf(error.constructor);
  const { name, code, message, stack } = error;
  expect(back).toMatchObject({ name, code, message, stack });
});

test("a user's error keeps its name and code, and is none of ours, whatever it calls itself", () => {
  const theirs = Object.assign(new Error('mine'), { name: 'TaskError', code: 'E_USER' });
  const back = across(theirs);
  expect(back).toMatchObject({ name: 'TaskError', code: 'E_USER', message: 'mine' });
  expect(back).not.toBeInstanceOf(FailoverError);
});

test('whatever is thrown becomes an error, also what cannot be shown', () => {
  expect(across('text').message).toBe('text');
  expect(across(undefined).message).toBe('undefined');
  const hostile = {
    toString() {
      throw new Error('no');
    },
  };
  expect(across(hostile).message).toContain('cannot be shown');
});

test('an object that is thrown in the place of an error tells its message and its code', () => {
  const thrown = { message: 'no such region', code: 'E_REGION', permanent: true };
  expect(across(thrown)).toMatchObject(thrown);
  expect(across({ message: 5, code: 5 })).toMatchObject({ message: '[object Object]' });
});

test('an error of another realm keeps its name, code and stack', () => {
  const foreign = runInNewContext('Object.assign(new RangeError("far"), { code: "ERR_FAR" })');
  const error = across(foreign);
  expect([error.name, error.message, error.code, error.stack]).toEqual(['RangeError', 'far', 'ERR_FAR', foreign.stack]);
});
