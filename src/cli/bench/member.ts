/** One member process of the bench: an ordinary user of the package, which ends with its parent. */
import type { ManagedCluster } from '../../index.js';
import { failover } from '../../index.js';
import { monotonicNow } from '../demo/clock.js';
import type { FromBencher, ToBencher } from './messages.js';

type Task = { id: number };

const cell = new Int32Array(new SharedArrayBuffer(4));
let cluster: ManagedCluster<Task> | undefined;
let done = 0;

function tell(message: FromBencher): void {
  if (process.connected) process.send?.(message);
}

async function start({ name, options }: Extract<ToBencher, { type: 'start' }>): Promise<void> {
  const { managed: Managed } = failover(options);
  const made = new Managed<Task>(name, 'id', new URL('./work.js', import.meta.url), { durable: true });
  cluster = made;
  made.on('statechange', (_from, state) => tell({ type: 'state', state, at: monotonicNow() }));
  made.on('error', ({ message }) => tell({ type: 'error', message }));
  made.on('done', () => {
    done += 1;
    tell({ type: 'done', count: done, at: monotonicNow() });
  });
  await made.run();
}

async function obey(message: ToBencher): Promise<void> {
  if (message.type === 'start') return start(message);
  if (cluster === undefined) throw new Error('it was not started');
  if (message.type === 'submit') {
    const { from, count } = message;
    await cluster.submitMany(Array.from({ length: count }, (_, index) => ({ id: from + index })));
    return tell({ type: 'stored', at: monotonicNow() });
  }
  if (message.type === 'block') {
    Atomics.wait(cell, 0, 0, message.ms);
    return tell({ type: 'unblocked' });
  }
  const { heartbeat } = await cluster.status();
  const { p50, p99, max } = heartbeat.lateness;
  tell({ type: 'beats', sent: heartbeat.sent, p50, p99, max });
}

process.on('message', (message: ToBencher) => {
  obey(message).catch((error: unknown) => tell({ type: 'failed', message: `${message.type}: ${error}` }));
});
process.on('disconnect', () => process.exit());
