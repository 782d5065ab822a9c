/** Who is measured on which store, and how much of it: each in a process of its own, one after another. */
import { reportOf } from '../support/child.js';
import { Gaps } from '../support/gaps.js';
import type { Settings } from '../support/question.js';
import { type BenchStore, type ServerStore, withEmbedded, withServer } from '../support/stores.js';
import type {
  AgendaSettings,
  BullmqAdding,
  BullmqSettings,
  ClaimLoopSettings,
  OurDurableReport,
  OurDurableSettings,
  RateReport,
  RawInsertSettings,
} from './messages.js';
import { installPeers, peerRates } from './peers.js';
import { withRedis } from './redis.js';

export type Competitor = 'ours' | 'limit' | 'loop' | 'agenda' | BullmqAdding;

export interface Result {
  readonly store: string;
  readonly competitor: Competitor;
  readonly tasks: number;
  readonly rates: readonly number[];
  /** Ours only: until all were stored. */
  readonly stored: readonly number[];
  /** Ours only: calls that the store did not answer in time, and that were made again. */
  readonly refused: number;
}

/** Tasks under way at once: ours and BullMQ's `add` by concurrent calls, its `addBulk` in one. */
export const AT_ONCE = 1000;
export const BULLMQ_CONCURRENCY = 64;
/** Tasks of a round, by their usual rates some seconds each; the rounds of ours on a server are long enough for a beat. */
const sizes = {
  full: { rounds: 5, embedded: 50_000, server: 20_000, loop: 1_000, agenda: 400, bullmq: 20_000 },
  quick: { rounds: 3, embedded: 10_000, server: 3_000, loop: 200, agenda: 60, bullmq: 5_000 },
} as const;

const words: Record<BullmqAdding, string> = { calls: 'by concurrent calls', bulk: 'by addBulk', before: 'before' };

export async function compete({ quick, progress }: Settings): Promise<{ results: Result[]; gaps: Gaps }> {
  const size = quick ? sizes.quick : sizes.full;
  const { rounds } = size;
  const results: Result[] = [];
  const gaps = new Gaps(progress);
  const add = (store: string, competitor: Competitor, tasks: number, report: RateReport | OurDurableReport): void => {
    const { stored, refused } = 'stored' in report ? report : { stored: [], refused: 0 };
    results.push({ store, competitor, tasks, rates: report.rates, stored, refused });
  };
  const ours = async ({ label, options }: BenchStore, tasks: number): Promise<void> => {
    const settings: OurDurableSettings = { options, rounds, tasks, atOnce: AT_ONCE };
    add(label, 'ours', tasks, await reportOf<OurDurableReport>(new URL('ours.js', import.meta.url), settings));
  };
  let peersMissing: Error | undefined;
  await installPeers(progress).catch((error: unknown) => {
    peersMissing = new Error('the peers cannot be installed (npm ci in bench/peers)', { cause: error });
    gaps.add('Agenda and BullMQ', error);
  });
  const onServer = async (store: ServerStore): Promise<void> => {
    const { label, uri } = store;
    await gaps.attempt(`${label}: ours`, () => ours(store, size.server));
    await gaps.attempt(`${label}: its limit`, async () => {
      const settings: RawInsertSettings = { uri, rounds, tasks: size.server };
      const rates = await reportOf<RateReport>(new URL('rawInsert.js', import.meta.url), settings);
      add(label, 'limit', size.server, rates);
    });
    await gaps.attempt(`${label}: the loop`, async () => {
      const settings: ClaimLoopSettings = { uri, rounds, tasks: size.loop };
      add(label, 'loop', size.loop, await reportOf<RateReport>(new URL('claimLoop.js', import.meta.url), settings));
    });
    await gaps.attempt(`${label}: Agenda`, async () => {
      if (peersMissing !== undefined) throw peersMissing;
      const settings: AgendaSettings = { uri, rounds, jobs: size.agenda, concurrency: 1 };
      add(label, 'agenda', size.agenda, await peerRates('agenda.js', settings));
    });
  };
  const onRedis = async (port: number): Promise<void> => {
    for (const adding of ['calls', 'bulk', 'before'] as const) {
      await gaps.attempt(`Redis: BullMQ, added ${words[adding]}`, async () => {
        if (peersMissing !== undefined) throw peersMissing;
        const jobs = size.bullmq;
        const concurrency = BULLMQ_CONCURRENCY;
        const settings: BullmqSettings = { port, rounds, jobs, concurrency, atOnce: AT_ONCE, adding };
        add('Redis', adding, jobs, await peerRates('bullmq.js', settings));
      });
    }
  };
  await gaps.attempt('embedded store: ours', () => withEmbedded((store) => ours(store, size.embedded)));
  await gaps.attempt('Redis', () => withRedis(onRedis));
  for (const [name, environment] of servers()) {
    await gaps.attempt(`starting ${name}`, () => withServer(onServer, environment));
  }
  return { results, gaps };
}

/** Two that can be installed, and a server of the user's own. */
function servers(): [name: string, environment: NodeJS.ProcessEnv][] {
  const own = process.env.MONGODB_URI;
  return [
    ['mongo-java-server', { MONGO_FAILOVER_SERVER: 'java' }],
    ['DocumentDB', { MONGO_FAILOVER_SERVER: 'documentdb' }],
    ...(own ? [['the server at MONGODB_URI', { MONGODB_URI: own }] satisfies [string, NodeJS.ProcessEnv]] : []),
  ];
}
