/** Entry: stores tasks from a member that does not run. */
import { failover } from 'mongo-failover';
import { callAtOnce } from '../support/callers.js';
import { settingsOf, tellAndEnd } from '../support/entry.js';
import { patiently } from '../support/patiently.js';
import type { FillerReport, FillerSettings } from './messages.js';

const { name, options, first, tasks, bytes, atOnce } = settingsOf<FillerSettings>();
const { managed: Managed, close } = failover(options);
const work = new URL('./backlogWork.js', import.meta.url);
const cluster = new Managed<{ id: number; text: string }>(name, 'id', work, { durable: true, maxQueue: 10_000_000 });
const text = 'x'.repeat(bytes);
let refused = 0;
const from = performance.now();
await callAtOnce(atOnce, tasks, (index) =>
  patiently(
    () => cluster.submitWork({ id: first + index, text }),
    () => {
      refused += 1;
    },
  ),
);
const seconds = (performance.now() - from) / 1000;
await close();
await tellAndEnd<FillerReport>({ type: 'report', seconds, refused });
