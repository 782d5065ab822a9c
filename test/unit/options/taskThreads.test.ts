import { describe, expect, test } from 'vitest';
import { resolveTaskThreads } from '../../../src/options/taskThreads.ts';

describe('taskThreads', () => {
  test.each([undefined, {}, { most: undefined }, { most: Number.POSITIVE_INFINITY }])('%j is no limit', (given) => {
    expect(resolveTaskThreads(given)).toEqual({ most: Number.POSITIVE_INFINITY });
  });

  test.each([1, 4, 10_000])('takes %d', (most) => {
    expect(resolveTaskThreads({ most })).toEqual({ most });
  });

  test.each([
    [4, 'taskThreads must be an object, not 4'],
    [null, 'taskThreads must be an object, not null'],
    [{ most: 0 }, 'taskThreads.most must be an integer from 1 to 10000, not 0'],
    [{ most: 1.5 }, 'taskThreads.most must be an integer from 1 to 10000, not 1.5'],
    [{ most: Number.NaN }, 'taskThreads.most must be an integer from 1 to 10000, not NaN'],
    [{ most: '4' }, 'taskThreads.most must be an integer from 1 to 10000, not "4"'],
    [{ mosst: 4 }, 'taskThreads.mosst is not a known option; did you mean most?'],
  ])('%j is refused', (given, message) => {
    expect(() => resolveTaskThreads(given)).toThrow(expect.objectContaining({ code: 'ERR_INVALID_OPTION', message }));
  });
});
