import { describe, expect, it } from 'vitest';
import { InvalidOptionError, TaskError } from '../../../src/errors.ts';
import { resolveKey } from '../../../src/task/taskKey.ts';

describe('resolveKey', () => {
  it('reads ids from a property or by a function', () => {
    expect(resolveKey('id')({ id: 'a' })).toBe('a');
    expect(resolveKey('a.b')({ 'a.b': 7 })).toBe(7);
    expect(resolveKey((task: { a: string }) => `${task.a}!`)({ a: 'x' })).toBe('x!');
    expect(resolveKey('id')(Object.create({ id: 1 }))).toBe(1);
  });

  it.each([0, -1.5, 2 ** 53, '0', ' ', 'x'.repeat(1024), 'ä'.repeat(512), '😀'])('takes %j as an id', (id) => {
    expect(resolveKey('id')({ id })).toBe(id);
  });

  it('makes 0 of -0, which equals it', () => {
    expect(Object.is(resolveKey('id')({ id: -0 }), 0)).toBe(true);
  });

  it.each([
    [{}, 'the property "id" of the task is undefined'],
    [{ id: null }, 'is null'],
    [{ id: '' }, 'is ""'],
    [{ id: Number.NaN }, 'is NaN'],
    [{ id: Infinity }, 'is Infinity'],
    [{ id: 5n }, 'is 5n'],
    [{ id: true }, 'is true'],
    [{ id: ['a'] }, 'is an array'],
    [{ id: new Date(0) }, 'is an object'],
    [{ id: 'x'.repeat(1025) }, `is "${'x'.repeat(59)}…"`],
    [{ id: 'ä'.repeat(513) }, 'is "ä'],
    [{ id: '\ud83d' }, 'is "\\ud83d"'],
  ])('refuses the id of %o', (task, message) => {
    expect(() => resolveKey('id')(task)).toThrow(TaskError);
    expect(() => resolveKey('id')(task)).toThrow(expect.objectContaining({ code: 'ERR_INVALID_KEY' }));
    expect(() => resolveKey('id')(task)).toThrow(message);
  });

  it('keeps what a key function or a getter threw as the cause', () => {
    const cause = new Error('no');
    const throws = (): never => {
      throw cause;
    };
    for (const [key, task] of [
      [throws, {}],
      ['id', Object.defineProperty({}, 'id', { get: throws })],
    ] as const) {
      expect(() => resolveKey(key)(task)).toThrow(expect.objectContaining({ code: 'ERR_INVALID_KEY', cause }));
    }
    expect(() => resolveKey(async () => 1)({})).toThrow('the key function returned an object');
  });

  it('refuses a key that is neither', () => {
    for (const key of [undefined, null, '', 0, {}, ['id']]) {
      expect(() => resolveKey(key)).toThrow(InvalidOptionError);
    }
    expect(() => resolveKey('')).toThrow('the key must be the name of a property or a function, not ""');
  });
});
