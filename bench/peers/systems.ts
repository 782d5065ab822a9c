/** All systems, in the order in which they are measured. */
import type { System } from './system.js';
import { bullmqMain, bullmqThreads } from './systems/bullmq.js';
import { ours } from './systems/mongoFailover.js';

export const systems = {
  embedded: ours.embedded,
  mongodb: ours.mongodb,
  bullmq: bullmqMain,
  bullmqThreads,
} satisfies Record<string, System>;

export type SystemName = keyof typeof systems;
