/** Entry: one of several processes with the same subsystems. It tells which of them it holds, and since when. */
import { failover } from 'mongo-failover';
import { settingsOf, tell, tellAndEnd } from '../support/entry.js';
import type { CrewMessage, CrewOrder, CrewSettings } from './messages.js';

const { options, clusters: count } = settingsOf<CrewSettings>();
const service = failover(options);
const since = new Map<number, number>();
let begun = 0;
let errors = 0;
const clusters = Array.from({ length: count }, (_, index) => {
  const cluster = new service.unmanaged(`scale-${index}`);
  cluster.on('statechange', (_from, to) => {
    since.delete(index);
    if (to !== 'master') return;
    begun += 1;
    since.set(index, Number(process.hrtime.bigint()) / 1e6);
  });
  for (const what of ['error', 'panic'] as const) {
    cluster.on(what, () => {
      errors += 1;
    });
  }
  return cluster;
});

process.on('message', (order: CrewOrder) => {
  if (order.type === 'end') return void service.close().then(() => tellAndEnd<CrewMessage>({ type: 'left' }));
  const standbys = clusters.filter(({ state }) => state === 'slave').length;
  void tell<CrewMessage>({ type: 'holds', held: [...since], begun, errors, standbys });
});

await Promise.all(clusters.map((cluster) => cluster.run()));
