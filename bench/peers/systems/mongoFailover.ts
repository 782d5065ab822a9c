/** mongo-failover with durable tasks, at its defaults. */
import { join } from 'node:path';
import type { FailoverOptions } from '../../../src/index.js';
import type { PeerTask } from '../job.js';
import type { Place, Submitter, System } from '../system.js';

const base = {
  settings:
    'defaults, `durable: true`: a lease of 4.5 s, POLL 0.5 s; the work is a module, so it runs in the task thread',
  packages: ['mongo-failover'],
  lock: 5000,
  isQueue: true,
} as const;

export const ours: Record<'embedded' | 'mongodb', System> = {
  embedded: {
    ...base,
    label: 'mongo-failover, embedded store',
    server: undefined,
    ...sides(({ folder }) => ({ nodb: { path: join(folder, 'store') } })),
  },
  mongodb: {
    ...base,
    label: 'mongo-failover, MongoDB protocol',
    server: 'mongodb',
    ...sides(({ address }) => ({ mongodb: { connectString: address } })),
  },
};

function sides(optionsFor: (place: Place) => FailoverOptions): Pick<System, 'work' | 'open'> {
  const clusterOf = async (place: Place) => {
    const { failover } = await import('../../../src/index.js');
    const { managed: Managed, close } = failover(optionsFor(place));
    const work = new URL('../work.js', import.meta.url);
    const cluster = new Managed<PeerTask & { readonly id: number }>(place.name, 'id', work, { durable: true });
    cluster.on('error', (error) => console.error(`error: ${error.message}`));
    cluster.on('panic', (error) => console.error(`panic: ${error.message}`));
    return { cluster, close };
  };
  return {
    async work(place) {
      const { cluster } = await clusterOf(place);
      await cluster.run();
    },
    async open(place): Promise<Submitter> {
      const { cluster, close } = await clusterOf(place);
      return { submit: async (task) => void (await cluster.submitWork(task)), close };
    },
  };
}
