/** Three processes with the same subsystems: they even out, and those of one that is killed go to both others. */
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test, vi } from 'vitest';
import { Program } from '../support/program.ts';
import { settledStore } from '../support/settledStore.ts';
import { stores } from '../support/stores.ts';

const program = fileURLToPath(new URL('./fixtures/manyMember.mjs', import.meta.url));
/** Leases that a busy machine keeps, as a death is seen before they end; and lines that are written every 0.8 s. */
const intervals = { MASTER: 400, SLAVE: 10_000, TICKING: 2000, POLL: 100, SYNC: 50, ERROR: 200 };
/** A short rest: the third process may come when the second one has been given half of them, of which it then gives some on. */
const rebalance = { settle: 1000, every: 100, threshold: 0.1, rest: 2000 };
const names = Array.from({ length: 24 }, (_, n) => `tenant-${n}`);
const patience = { timeout: 60_000, interval: 100 };

const has = ({ lines }: Program): number =>
  Number(/ (\d+)$/.exec(lines.findLast((line) => line.startsWith('has ')) ?? ' 0')?.[1]);

test.each(stores)('on the store %s', { timeout: 150_000 }, async (name) => {
  const { options } = await settledStore(name);
  const all: Program[] = [];
  const start = async (): Promise<Program> => {
    const started = new Program(
      [program, JSON.stringify({ options: { ...options, intervals, rebalance }, names })],
      process.env,
    );
    onTestFinished(() => started.end());
    all.push(started);
    await started.line(/^runs$/);
    return started;
  };
  const first = await start();
  await vi.waitFor(() => expect(has(first)).toBe(24), patience);
  const [second, third] = [await start(), await start()];
  await vi.waitFor(() => {
    const shares = all.map(has);
    expect(shares.reduce((sum, count) => sum + count)).toBe(24);
    expect(Math.max(...shares) - Math.min(...shares)).toBeLessThanOrEqual(2);
  }, patience);
  first.kill('SIGKILL');
  await first.ended;
  await vi.waitFor(() => expect(has(second) + has(third)).toBe(24), patience);
  expect(Math.min(has(second), has(third))).toBeGreaterThanOrEqual(8);
  const masterships = all.flatMap(({ lines }) => lines.filter((line) => line.startsWith('master ')));
  // Each under a term of its own, and the moves were few.
  expect(new Set(masterships).size).toBe(masterships.length);
  expect(masterships.length).toBeLessThanOrEqual(24 + 16 + 8 + 12);
});
