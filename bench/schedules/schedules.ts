/** What a thousand schedules cost their process, beside one without any. */
import { failover, type ManagedCluster } from 'mongo-failover';
import type { Answer, Question, Settings } from '../support/question.js';
import { type BenchStore, withEmbedded } from '../support/stores.js';

const SCHEDULES = 1000;
const GOAL = 0.01;
/** Until the first look, which makes all of them, is over. */
const SETTLE_MS = 8000;

interface Row {
  readonly label: string;
  /** The patterns of its schedules. */
  readonly patterns: readonly string[];
}

const hourly = Array.from({ length: SCHEDULES }, (_, index) => `${index % 60} * * * *`);
const rows: readonly Row[] = [
  { label: 'none', patterns: [] },
  { label: '1,000, each once an hour, spread over its minutes', patterns: hourly },
  { label: '1,000, each once a minute', patterns: hourly.map(() => '* * * * *') },
];

export const schedules: Question = {
  name: 'schedules',
  title: 'what do a thousand schedules cost?',
  ask: async ({ quick, progress }: Settings): Promise<Answer> => {
    const duration = quick ? 62_000 : 180_000;
    const shares: number[] = [];
    for (const row of rows) {
      progress(row.label);
      shares.push(await withEmbedded((store) => share(store, row, duration)));
    }
    const [without = 0, spread = 0, dense = 0] = shares;
    const percent = (value: number): string => `${(100 * value).toFixed(2)} %`;
    return {
      tables: [
        {
          title: 'CPU of the whole process, in the share of a core',
          head: ['schedules', 'share', 'more than without'],
          rows: rows.map(({ label }, index) => [
            ...[label, percent(shares[index] ?? 0)],
            percent((shares[index] ?? 0) - without),
          ]),
        },
      ],
      goals: [
        {
          promise: `1,000 schedules cost at most ${percent(GOAL)} of a core`,
          measured: percent(spread - without),
          met: spread - without <= GOAL,
        },
      ],
      notes: [
        `once a minute each, so ${SCHEDULES} tasks a minute are stored and done, they cost ${percent(dense - without)}`,
      ],
      pictures: [],
      data: { duration, shares: rows.map(({ label }, index) => ({ label, share: shares[index] })) },
    };
  },
};

async function share(store: BenchStore, { patterns }: Row, duration: number): Promise<number> {
  const service = failover(store.options);
  const cluster: ManagedCluster<{ id: string }> = new service.managed<{ id: string }>('bench', 'id', () => true, {
    durable: true,
  });
  try {
    await Promise.all(patterns.map((pattern, index) => cluster.schedule(`s${index}`, pattern, {})));
    const master = new Promise((resolve) => cluster.once('master', () => resolve(null)));
    await cluster.run();
    await master;
    await pause(SETTLE_MS);
    const [before, from] = [process.cpuUsage(), performance.now()];
    await pause(duration);
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1000 / (performance.now() - from);
  } finally {
    await service.close();
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
