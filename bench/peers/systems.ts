/** All systems, in the order in which they are measured. */
import type { System } from './system.js';
import { agenda } from './systems/agenda.js';
import { bullmqMain, bullmqThreads } from './systems/bullmq.js';
import { etcdctl } from './systems/etcdctl.js';
import { graphileWorker } from './systems/graphileWorker.js';
import { ours } from './systems/mongoFailover.js';
import { mongoLeader } from './systems/mongoLeader.js';
import { pgBoss } from './systems/pgBoss.js';
import { redisSemaphore, redlock } from './systems/redisLocks.js';

export const systems = {
  embedded: ours.embedded,
  mongodb: ours.mongodb,
  bullmq: bullmqMain,
  bullmqThreads,
  agenda,
  pgBoss,
  graphileWorker,
  redlock,
  redisSemaphore,
  etcdctl,
  mongoLeader,
} satisfies Record<string, System>;

export type SystemName = keyof typeof systems;
