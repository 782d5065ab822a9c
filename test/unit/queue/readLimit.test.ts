import { expect, test } from 'vitest';
import { ReadLimit } from '../../../src/queue/readLimit.ts';

test('16 reads are under way at once, the others follow in their order, also after one that failed', async () => {
  const limit = new ReadLimit();
  const begun: number[] = [];
  const ends: ((failed: boolean) => void)[] = [];
  const reads = Array.from({ length: 19 }, (_, index) =>
    limit.pass(() => {
      begun.push(index);
      return new Promise<number>((resolve, reject) => {
        ends[index] = (failed) => (failed ? reject(new Error('no')) : resolve(index));
      });
    }),
  );
  await Promise.resolve();
  expect(begun).toHaveLength(16);
  ends[3]?.(true);
  await expect(reads[3]).rejects.toThrow('no');
  ends[5]?.(false);
  expect(await reads[5]).toBe(5);
  expect(begun.slice(16)).toEqual([16, 17]);
  for (const end of ends) end(false);
  await reads[17];
  ends[18]?.(false);
  expect(await reads[18]).toBe(18);
});

test('a read passes at once when there is room again', async () => {
  const limit = new ReadLimit();
  await Promise.all(Array.from({ length: 40 }, () => limit.pass(async () => {})));
  let begun = false;
  void limit.pass(async () => {
    begun = true;
  });
  expect(begun).toBe(true);
});
