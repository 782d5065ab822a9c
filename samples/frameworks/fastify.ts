/** Fastify: its hook `onClose` closes the service, however the application is closed. */
import type { AddressInfo } from 'node:net';
import { fastify } from 'fastify';
import { installSignalHandlers } from 'mongo-failover';
import { billOf, log, openBilling, port } from './billing.js';

const { service, cluster } = openBilling();
const app = fastify();
app.post('/tasks/:id', async (request, reply) => {
  const { stored } = await cluster.submitWork(billOf(request.url));
  return reply.code(202).send({ stored });
});
app.addHook('onReady', () => cluster.run());
app.addHook('onClose', () => service.close());
// Fastify handles no signals. Closing it closes the service, and with it the server.
installSignalHandlers({ close: () => app.close() });
await app.listen({ port });
log(`listening on port ${(app.server.address() as AddressInfo).port}`);
