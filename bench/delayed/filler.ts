/** Entry: submits tasks that are due later, from a member that does not run. */
import { failover } from 'mongo-failover';
import { callAtOnce } from '../support/callers.js';
import { settingsOf, tellAndEnd } from '../support/entry.js';
import { patiently } from '../support/patiently.js';
import type { DelayedFillerReport, DelayedFillerSettings } from './messages.js';

const AT_ONCE = 1000;
/** Between the times of two tasks, in ms. */
const APART_MS = 50;

const { name, options, tasks, from } = settingsOf<DelayedFillerSettings>();
const { managed: Managed, close } = failover(options);
const work = new URL('../throughput/work.js', import.meta.url);
const cluster = new Managed<{ id: number; text: string }>(name, 'id', work, { durable: true });
const text = 'x'.repeat(256);
let refused = 0;
const began = performance.now();
await callAtOnce(AT_ONCE, tasks, (id) =>
  patiently(
    () => cluster.submitWork({ id, text }, { at: from + APART_MS * id }),
    () => {
      refused += 1;
    },
  ),
);
const seconds = (performance.now() - began) / 1000;
await close();
await tellAndEnd<DelayedFillerReport>({ type: 'report', seconds, refused });
