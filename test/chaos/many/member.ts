/**
 * Entry: one process with all subsystems. It writes what it holds, all of it in one line, every 25 ms: `held`, with the names by
 * their numbers, their terms, and how long each lease was left; `at` before it asked and `seen` after.
 */
import { failover } from 'mongo-failover';
import { settingsOf, tell, tellAndEnd } from '../../../bench/support/entry.ts';
import { LineFile } from '../lineFile.ts';
import { LOOK, type ManyMessage, type ManySettings, type Task } from './settings.ts';

/** Between two tellings of how many it holds, in ms. */
const TELL_MS = 200;

const { options, unmanaged, managed, history: file } = settingsOf<ManySettings>();
const history = new LineFile(file);
const service = failover(options);
const work = new URL('./work.js', import.meta.url);
const durable = { durable: true, fencing: 'process', retry: { attempts: 10_000, minDelay: 20 } } as const;
const clusters = [
  ...unmanaged.map((name) => new service.unmanaged(name)),
  ...managed.map((name) => new service.managed<Task>(name, 'id', work, durable)),
];

for (const cluster of clusters) {
  for (const what of ['error', 'panic'] as const) {
    cluster.on(what, ({ code, message }) => {
      history.write({ what, at: process.hrtime.bigint(), name: cluster.name, code, message });
    });
  }
}

setInterval(() => {
  const at = process.hrtime.bigint();
  const held: [number, number, number][] = [];
  for (const [index, cluster] of clusters.entries()) {
    const { term } = cluster;
    const left = term === null ? 0 : cluster.leaseRemaining();
    // What is left is that of this term only if it still is the same.
    if (term !== null && left > 0 && cluster.term === term) held.push([index, term, Math.floor(left)]);
  }
  history.write({ what: 'held', at, seen: process.hrtime.bigint(), held });
}, LOOK);

setInterval(() => {
  void tell<ManyMessage>({ type: 'holds', count: clusters.filter(({ isMaster }) => isMaster).length });
}, TELL_MS);

process.on('message', () => {
  history.write({ what: 'stopping', at: process.hrtime.bigint() });
  void service.close().then(() => tellAndEnd<ManyMessage>({ type: 'stopped' }).then(() => process.exit()));
});

await Promise.all(clusters.map((cluster) => cluster.run()));
