/** pg-boss. */
import { job, type PeerTask } from '../job.js';
import { library } from '../library.js';
import type { Submitter, System } from '../system.js';

interface BossJob {
  readonly data: PeerTask;
  readonly signal: AbortSignal;
}
interface Boss {
  on(event: 'error', listener: (error: Error) => void): void;
  start(): Promise<unknown>;
  stop(options: { graceful: boolean }): Promise<unknown>;
  createQueue(name: string, options: object): Promise<unknown>;
  send(name: string, data: PeerTask): Promise<string | null>;
  work(name: string, run: (jobs: BossJob[]) => Promise<void>): Promise<unknown>;
  findJobs(name: string, options: { id: string }): Promise<{ state: string }[]>;
}
interface PgBossLibrary {
  PgBoss: new (options: object) => Boss;
}

/** The least that it takes. */
const HEARTBEAT = 10;

async function start(options: object): Promise<Boss> {
  const { PgBoss } = await library<PgBossLibrary>('pg-boss');
  const boss = new PgBoss(options);
  boss.on('error', (error) => console.error(`pg-boss: ${error.message}`));
  await boss.start();
  return boss;
}

export const pgBoss: System = {
  label: 'pg-boss',
  settings: `policy \`singleton\`, \`heartbeatSeconds\` ${HEARTBEAT} (its least), \`superviseIntervalSeconds\` and \`monitorIntervalSeconds\` 1; the job looks at its signal`,
  server: 'postgres',
  packages: ['pg-boss', 'pg'],
  lock: HEARTBEAT * 1000,
  isQueue: true,
  node: [22, 12],
  async work({ name, address }) {
    const boss = await start({ connectionString: address, superviseIntervalSeconds: 1, monitorIntervalSeconds: 1 });
    await boss.work(name, async ([first]) => {
      if (first !== undefined) await job(first.data, { isStopped: () => first.signal.aborted });
    });
  },
  async open({ name, address }): Promise<Submitter> {
    const boss = await start({ connectionString: address, max: 2, supervise: false, schedule: false });
    await boss.createQueue(name, { policy: 'singleton', heartbeatSeconds: HEARTBEAT });
    const ids = new Map<number, string | null>();
    return {
      submit: async (task) => void ids.set(task.id, await boss.send(name, task)),
      verdict: async (id) => {
        const [found] = await boss.findJobs(name, { id: ids.get(id) ?? '' });
        return found?.state ?? 'not there';
      },
      close: async () => void (await boss.stop({ graceful: false })),
    };
  },
};
