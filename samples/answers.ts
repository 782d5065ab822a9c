/**
 * Answers: what became of each task, and what the work returned. One task goes on from its checkpoint after a failure, and
 * one can never succeed, so it is not tried again.
 *
 *     npm run sample:answers                ends by itself
 *     node dist/samples/answers.js mongodb://localhost:27017/test
 */
import { failover, PermanentError, type TaskContext } from 'mongo-failover';
import { chooseStore, log, logEvents } from './setup.js';

interface Sum {
  readonly id: string;
  readonly numbers: readonly number[];
}

// Short, so the first start in a new store takes a second and a half.
const intervals = { MASTER: 200, SLAVE: 1000, TICKING: 500, POLL: 50 };
const service = failover({ ...chooseStore(), intervals });
const cluster = new service.managed<Sum>('sample-answers', 'id', add, {
  durable: true,
  keepOutcomes: 60 * 60 * 1000,
  results: true,
  retry: { attempts: 3, minDelay: 50, exhausted: 'dead-letter' },
});
logEvents(cluster);
cluster.on('failed', (id, error, attempt) => log('task %s failed at attempt %d: %s', id, attempt, error.message));

async function add({ numbers }: Sum, context: TaskContext): Promise<{ result: { sum: number } }> {
  if (numbers.length === 0) throw new PermanentError('there is nothing to add');
  let { next, sum } = (context.lastCheckpoint ?? { next: 0, sum: 0 }) as { next: number; sum: number };
  if (next > 0) log('task %s goes on with number %d', context.id, next);
  for (; next < numbers.length; ) {
    sum += numbers[next] ?? 0;
    next += 1;
    await context.checkpoint({ next, sum });
    if (next === 2 && context.attempt === 1) throw new Error('the connection was lost');
  }
  return { result: { sum } };
}

await cluster.run();
const submission = await cluster.submitWork({ id: 'sum', numbers: [1, 2, 3, 4] });
const { result, attempts } = await submission.done<{ sum: number }>({ timeout: 30_000 });
log('task sum is done: %d, after %d attempts', result.sum, attempts);

const hopeless = await cluster.submitWork({ id: 'nothing', numbers: [] });
await hopeless.done({ timeout: 30_000 }).catch((error: Error) => log('task nothing was given up: %s', error.message));

// Any process may ask, by the id.
const outcome = await cluster.outcome('nothing');
log('task nothing: %s', outcome?.state);
await service.close();
