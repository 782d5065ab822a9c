/** Uses all that is public, by names; it is compiled and never run. */
import { once } from 'node:events';
import {
  type Cluster,
  type ClusterState,
  type Failover,
  FailoverError,
  type FailoverOptions,
  failover,
  InvalidOptionError,
  type ManagedCluster,
  type ManagedOptions,
  type MemberStatus,
  type Submission,
  type Submissions,
  type TaskContext,
  type TaskId,
  type TaskKey,
  type UnmanagedCluster,
  type Work,
} from 'mongo-failover';

interface Invoice {
  id: number;
  amount: number;
}

export const options: FailoverOptions = {
  mongodb: { connectString: undefined, connectOptions: { maxPoolSize: 5 }, debug: undefined },
  nodb: { path: undefined },
  intervals: { MASTER: 100, slave: 150, POLL: undefined },
};
export const none: FailoverOptions = { mongodb: undefined, nodb: undefined, intervals: undefined };
export const managedOptions: ManagedOptions = {
  durable: undefined,
  retry: { minDelay: undefined, maxDelay: undefined, attempts: 3, exhausted: 'block' },
  maxQueue: undefined,
  maxTaskBytes: undefined,
  resourceLimits: { maxOldGenerationSizeMb: undefined, stackSizeMb: 4 },
  idleThreadTimeout: undefined,
  loadTimeout: undefined,
  stopTimeout: undefined,
  grace: undefined,
  taskTimeout: undefined,
  mainTimeout: undefined,
  fencing: undefined,
};
export const noneManaged: ManagedOptions = { retry: undefined, resourceLimits: undefined };

/** These have no annotations: declarations have to name what was inferred. */
export const made = failover(options);
export const { managed, unmanaged, close } = made;
export const key: TaskKey<Invoice> = 'id';
export const work: Work<Invoice> = (task, context: TaskContext) => task.amount > 0 && !context.signal.aborted;
export const cluster = new managed<Invoice>('billing', key, work, managedOptions);
export const loose = new managed('loose', (task) => String(task.name), new URL('file:///work.js'));
export const elected = new unmanaged('poller', 3);
export const status = async () => cluster.status();
export const head = async () => (await elected.status()).pool;
export const submit = (task: Invoice) => cluster.submitWork(task, { wait: undefined });
export const waiting = async () => once(cluster, 'master');
export const differing = async () => (await cluster.status()).configuration.differing;

export class Billing {
  readonly cluster = new managed<Invoice>('billing', 'id', work);
  readonly failover: Failover = made;
  last: TaskId | undefined;
  state: ClusterState = this.cluster.state;

  constructor() {
    this.cluster
      .on('done', (id) => {
        this.last = id;
      })
      .once('failed', (id, error, attempt) => console.log(id, error.code?.length, attempt + 1))
      .on('statechange', (from, to) => {
        this.state = from === to ? from : to;
      });
  }

  run = async (): Promise<Submission> => {
    await this.cluster.run();
    const common: Cluster = this.cluster;
    const left: number = common.leaseRemaining();
    return this.cluster.submitWork({ id: 1, amount: left });
  };
}

export async function countOf(all: ManagedCluster<Invoice>, invoices: readonly Invoice[]): Promise<number> {
  try {
    const { stored, duplicates }: Submissions = await all.submitMany(invoices, { wait: true });
    return stored + duplicates;
  } catch (error) {
    return error instanceof FailoverError ? (error.index ?? 0) + (error.stored ?? 0) : 0;
  }
}

export function codeOf(error: unknown): string | undefined {
  if (error instanceof InvalidOptionError) return error.code.toLowerCase();
  return error instanceof FailoverError ? error.code : undefined;
}

export async function told(member: UnmanagedCluster, all: ManagedCluster<Invoice>): Promise<MemberStatus> {
  const synchronized: boolean = await member.synchronize('7');
  if (synchronized) await all.requeue(1);
  return all.status();
}

// @ts-expect-error An amount is missing.
void cluster.submitWork({ id: 1 });
// @ts-expect-error An amount is missing.
void cluster.submitMany([{ id: 1 }]);
// @ts-expect-error There is no such option.
failover({ nodatabase: true });
// @ts-expect-error A cluster is made by `failover()`.
new made.Cluster();
