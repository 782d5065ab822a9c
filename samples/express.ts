/**
 * A web service with a subsystem in the background: every instance takes tasks by HTTP and stores them, and the master
 * works them off. `kubernetes.yaml` deploys two instances of it.
 *
 *     npm run sample:express                     in one terminal or more (PORT=3001 for the next), then
 *     curl -X POST localhost:3000/tasks/1        and Ctrl-C, or SIGTERM
 *
 * The subsystem stops first, and the server last: while the running task ends, open requests are answered, and new tasks
 * are refused in a way that tells callers to come again, to another instance.
 */
import type { AddressInfo } from 'node:net';
import express, { type ErrorRequestHandler } from 'express';
import { failover, installSignalHandlers, TaskError } from 'mongo-failover';
import { chooseStore, log, logEvents } from './setup.js';

// For the probes of Kubernetes, which ask by the address of the pod: OBSERVE_TOKEN guards all but their status.
const { OBSERVE_PORT, OBSERVE_TOKEN: token } = process.env;
const observe = OBSERVE_PORT === undefined ? undefined : { port: Number(OBSERVE_PORT), host: '0.0.0.0', token };
const service = failover({ ...chooseStore(), observe });
if (observe) void service.observed().then(({ port }) => log('probes and metrics on port %d', port));
const work = new URL('./managedWork.js', import.meta.url);
const cluster = new service.managed<{ id: number }>('sample-express', 'id', work, { durable: true });
logEvents(cluster);
cluster.on('done', (id) => log('done %d', id));

const app = express();
app.post('/tasks/:id', async (request, response) => {
  // Resolves when the store has the task: what was answered by 202 is not lost.
  const { stored } = await cluster.submitWork({ id: Number(request.params.id) });
  response.status(202).json({ stored });
});
app.get('/status', async (_request, response) => {
  response.json(await cluster.status());
});
const refuse: ErrorRequestHandler = (error, _request, response, _next) => {
  const isOfCaller = error instanceof TaskError && error.code !== 'ERR_QUEUE_FULL';
  if (!isOfCaller) response.set('Retry-After', '1');
  response.status(isOfCaller ? 400 : 503).json({ code: error.code, message: error.message });
};
app.use(refuse);

const server = app.listen(Number(process.env.PORT ?? 3000), () => {
  log('listening on port %d', (server.address() as AddressInfo).port);
});
installSignalHandlers(service, {
  // Until then the running task ends and the lease is released: another instance is master within half a second.
  after: async () => {
    // Takes no more connections, and ends those that are idle.
    await new Promise((resolve) => server.close(resolve));
    log('stopped');
  },
});
await cluster.run();
