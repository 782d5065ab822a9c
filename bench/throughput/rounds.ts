/** Entry: the same tasks through a managed cluster, and through sequential loops over Piscina, round after round in turn. */
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { failover } from 'mongo-failover';
import { Piscina } from 'piscina';
import { settingsOf, tellAndEnd } from '../support/entry.js';
import type { RoundSettings, ThroughputReport } from './messages.js';

const { folder, rounds, tasks } = settingsOf<RoundSettings>();
const work = new URL('./work.js', import.meta.url);
const { managed: Managed, close } = failover({ nodb: { path: folder } });
const cluster = new Managed<{ id: number }>('throughput', 'id', work);
const elected = once(cluster, 'master');
await cluster.run();
await elected;

const oneThread = { filename: fileURLToPath(work), minThreads: 1, maxThreads: 1 };
const plain = new Piscina({ ...oneThread, atomics: 'disabled', recordTiming: false });
const usual = new Piscina(oneThread);

let nextId = 0;
const ids = (): number[] => Array.from({ length: tasks }, () => nextId++);

async function managed(): Promise<void> {
  const own = ids();
  let done = 0;
  const all = new Promise<void>((resolve) => {
    const count = (): void => {
      done += 1;
      if (done < own.length) return;
      cluster.off('done', count);
      resolve();
    };
    cluster.on('done', count);
  });
  await Promise.all(own.map((id) => cluster.submitWork({ id })));
  await all;
}

async function sequential(pool: Piscina): Promise<void> {
  for (const id of ids()) await pool.run({ id });
}

async function rate(run: () => Promise<void>): Promise<number> {
  const from = performance.now();
  await run();
  return tasks / ((performance.now() - from) / 1000);
}

const report = {
  type: 'report' as const,
  managed: [] as number[],
  piscina: [] as number[],
  piscinaDefault: [] as number[],
};
for (let round = 0; round <= rounds; round++) {
  const rates = [await rate(managed), await rate(() => sequential(plain)), await rate(() => sequential(usual))];
  // The first round runs code that is not compiled yet.
  if (round === 0) continue;
  const [ours = 0, bare = 0, byDefault = 0] = rates;
  report.managed.push(ours);
  report.piscina.push(bare);
  report.piscinaDefault.push(byDefault);
}
await Promise.all([close(), plain.destroy(), usual.destroy()]);
await tellAndEnd<ThroughputReport>(report);
