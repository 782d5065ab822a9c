import { describe, expect, it } from 'vitest';
import { InvalidOptionError } from '../../../src/errors.ts';
import { resolveIntervals } from '../../../src/options/intervals.ts';
import { resolveManagedOptions } from '../../../src/options/managed.ts';

const intervals = resolveIntervals();
const resolve = (given?: unknown) => resolveManagedOptions(given, intervals);

describe('resolveManagedOptions', () => {
  it('has a default for everything', () => {
    const defaults = {
      durable: false,
      retry: { minDelay: 100, maxDelay: 100, attempts: Infinity, exhausted: 'block' },
      maxQueue: 1_000_000,
      maxTaskBytes: 1_048_576,
      keepOutcomes: null,
      results: false,
      resourceLimits: {},
      idleThreadTimeout: 10_000,
      loadTimeout: 60_000,
      stopTimeout: 20_000,
      cancelTimeout: 5000,
      minInterval: 0,
      grace: 450,
      taskTimeout: Infinity,
      mainTimeout: Infinity,
      fencing: 'thread',
      priority: null,
    };
    expect(resolve()).toEqual(defaults);
    expect(resolve({ retry: {}, resourceLimits: { stackSizeMb: undefined }, grace: undefined })).toEqual(defaults);
    expect(resolveManagedOptions({}, resolveIntervals({ SLAVE: 20_000, TICKING: 20_000 })).grace).toBe(500);
  });

  it('takes what lies on the limits', () => {
    const given = {
      durable: true,
      retry: { minDelay: 1, maxDelay: 60_000, attempts: 1, exhausted: 'dead-letter' },
      maxQueue: 10_000_000,
      maxTaskBytes: 16_711_680,
      keepOutcomes: 60_000,
      results: true,
      resourceLimits: { maxOldGenerationSizeMb: 64, stackSizeMb: 0.5 },
      idleThreadTimeout: 0,
      loadTimeout: 1,
      stopTimeout: 0,
      cancelTimeout: 0,
      minInterval: 2_147_483_647,
      grace: 1,
      taskTimeout: 1,
      mainTimeout: 1,
      fencing: 'process',
      priority: 100,
    };
    expect(resolve(given)).toEqual(given);
    expect(resolve({ idleThreadTimeout: Infinity }).idleThreadTimeout).toBe(Infinity);
  });

  it('lets the longest delay follow the shortest', () => {
    expect(resolve({ retry: { minDelay: 3000 } }).retry).toMatchObject({ minDelay: 3000, maxDelay: 3000 });
  });

  it.each([
    [{ durable: true, keepOutcomes: 59_999 }, 'keepOutcomes must be a number from 60000 to 31622400000, not 59999'],
    [
      { durable: true, keepOutcomes: Infinity },
      'keepOutcomes must be a number from 60000 to 31622400000, not Infinity',
    ],
    [
      { keepOutcomes: 60_000 },
      'keepOutcomes (60000) needs durable: true: a queue in memory keeps nothing of a task that is done',
    ],
    [
      { durable: true, results: true },
      'results (true) needs keepOutcomes, which says for how many ms results are kept',
    ],
    [{ maxQueue: 0 }, 'maxQueue must be an integer from 1 to 10000000, not 0'],
    [{ maxQueue: 1.5 }, 'maxQueue must be an integer from 1 to 10000000, not 1.5'],
    [{ maxTaskBytes: 16_711_681 }, 'maxTaskBytes must be an integer from 1 to 16711680, not 16711681'],
    [{ maxTaskBytes: '1MB' }, 'not "1MB"'],
    [{ idleThreadTimeout: -1 }, 'idleThreadTimeout must be a number from 0 to 2147483647, not -1'],
    [{ idleThreadTimeout: '1s' }, 'not "1s"'],
    [{ loadTimeout: 0 }, 'loadTimeout must be a number from 1 to 2147483647, not 0'],
    [{ loadTimeout: Infinity }, 'loadTimeout must be a number from 1 to 2147483647, not Infinity'],
    [{ stopTimeout: Infinity }, 'stopTimeout must be a number from 0 to 2147483647, not Infinity'],
    [{ minInterval: 5 }, 'minInterval (5) is for stored tasks, so it needs durable: true'],
    [{ minInterval: Number.NaN }, 'minInterval must be a number from 0 to 2147483647, not NaN'],
    [{ cancelTimeout: -1 }, 'cancelTimeout must be a number from 0 to 2147483647, not -1'],
    [{ stopTimeout: null }, 'stopTimeout must be a number from 0 to 2147483647, not null'],
    [{ grace: 0 }, 'grace must be a number'],
    [{ grace: 1775 }, 'grace (1775) is too long: MASTER (2000) + POLL (500) + grace must be less than 95 % of'],
    [{ retry: 5 }, 'retry must be an object, not 5'],
    [{ retry: { minDelay: 0 } }, 'retry.minDelay must be a number from 1'],
    [{ retry: { minDelay: 500, maxDelay: 400 } }, 'retry.maxDelay (400) must be at least retry.minDelay (500)'],
    [{ retry: { maxDelay: 50 } }, 'retry.maxDelay (50) must be at least retry.minDelay (100 by default)'],
    [{ retry: { attempts: 0 } }, 'retry.attempts must be an integer from 1 to 1000000, not 0'],
    [{ retry: { exhausted: 'drop' } }, `retry.exhausted must be 'block' or 'dead-letter', not "drop"`],
    [{ durable: 'yes' }, 'durable must be true or false'],
    [{ fencing: true }, "fencing must be 'thread' or 'process', not true"],
    [{ taskTimeout: 0 }, 'taskTimeout must be a number from 1'],
    [{ mainTimeout: '1s' }, 'mainTimeout must be a number from 1'],
    [{ resourceLimits: { maxOldGenerationSizeMb: -1 } }, 'resourceLimits.maxOldGenerationSizeMb must be a number'],
    [{ resourceLimits: { maxOldGenerationSizeMb: 2 } }, 'resourceLimits.maxOldGenerationSizeMb must be a number'],
    [{ resourceLimits: { maxHeapMb: 5 } }, 'resourceLimits.maxHeapMb is not a known option'],
    [{ maxQeue: 5 }, 'maxQeue is not a known option; did you mean maxQueue?'],
    [[], 'The options must be an object, not an array'],
    [null, 'The options must be an object, not null'],
  ])('refuses %j', (given, message) => {
    expect(() => resolve(given)).toThrow(message);
    expect(() => resolve(given)).toThrow(InvalidOptionError);
  });
});
