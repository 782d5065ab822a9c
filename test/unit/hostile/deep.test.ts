/** Values that are nested deeper than the stack is: each public call refuses them with a code, and nothing overflows. */
import { expect, test } from 'vitest';
import { failover } from '../../../src/failover.ts';
import { deep } from './hostileValues.ts';

const LEVELS = 100_000;
const { managed, unmanaged } = failover({ nodb: true });
const Managed = managed as new (...given: unknown[]) => InstanceType<typeof managed>;
const Unmanaged = unmanaged as new (...given: unknown[]) => InstanceType<typeof unmanaged>;
const work = async (): Promise<boolean> => true;
const cluster = new Managed('deep', 'id', work);

/** With a `toBSON` of its own at each level. */
class Chained {
  constructor(private readonly left: number) {}
  toBSON(): object {
    return this.left === 0 ? {} : { next: new Chained(this.left - 1) };
  }
}

function deepArray(): unknown[] {
  let value: unknown[] = [];
  for (let level = 0; level < LEVELS; level += 1) value = [value];
  return value;
}

test.each<[string, string, () => unknown]>([
  ['options', 'ERR_INVALID_OPTION', () => failover(deep(LEVELS))],
  ['connectOptions', 'ERR_INVALID_OPTION', () => failover({ mongodb: { connectOptions: { auth: deep(LEVELS) } } })],
  ['nodb', 'ERR_INVALID_OPTION', () => failover({ nodb: deep(LEVELS) })],
  ['a name', 'ERR_INVALID_OPTION', () => new Unmanaged(deep(LEVELS))],
  ['an identifier', 'ERR_INVALID_OPTION', () => new Unmanaged('deep', deepArray())],
  ['a key', 'ERR_INVALID_OPTION', () => new Managed('deep', deep(LEVELS), work)],
  ['a work', 'ERR_INVALID_OPTION', () => new Managed('deep', 'id', deep(LEVELS))],
  ['managed options', 'ERR_INVALID_OPTION', () => new Managed('deep', 'id', work, { retry: deep(LEVELS) })],
  ['a task', 'ERR_TASK_NOT_CLONEABLE', () => cluster.submitWork({ id: 1, value: deep(LEVELS) })],
  ['a task of arrays', 'ERR_TASK_NOT_CLONEABLE', () => cluster.submitWork({ id: 1, value: deepArray() })],
  ['a task with toBSON', 'ERR_TASK_NOT_CLONEABLE', () => cluster.submitWork({ id: 1, value: new Chained(LEVELS) })],
  ['an id', 'ERR_TASK_NOT_CLONEABLE', () => cluster.submitWork({ id: deep(LEVELS) })],
  ['requeue', 'ERR_INVALID_KEY', () => cluster.requeue(deepArray() as never)],
  ['synchronize', 'ERR_INVALID_OPTION', () => new Unmanaged('deep').synchronize(deepArray() as never)],
  ['options of submitWork', 'ERR_INVALID_OPTION', () => cluster.submitWork({ id: 1 }, { wait: deepArray() as never })],
])('%s', async (_, code, call) => {
  await expect(Promise.resolve().then(call)).rejects.toMatchObject({ code });
});

test('more fields, and longer lists, than one call can have arguments', async () => {
  const many = Array.from({ length: 300_000 }, (_, index) => index);
  const fields = Object.fromEntries(many.map((index) => [`field${index}`, index]));
  for (const task of [
    { id: 1, many },
    { id: 1, ...fields },
  ]) {
    await expect(cluster.submitWork(task)).rejects.toMatchObject({ code: 'ERR_TASK_TOO_LARGE' });
  }
}, 60_000);
