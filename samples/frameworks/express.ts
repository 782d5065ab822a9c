/** Express. */
import type { AddressInfo } from 'node:net';
import express from 'express';
import { installSignalHandlers } from 'mongo-failover';
import { billOf, log, openBilling, port } from './billing.js';

const { service, cluster } = openBilling();
const app = express();
app.post('/tasks/:id', async (request, response) => {
  const { stored } = await cluster.submitWork(billOf(request.originalUrl));
  response.status(202).json({ stored });
});
const server = app.listen(port, () => log(`listening on port ${(server.address() as AddressInfo).port}`));
// Express has no shutdown of its own.
installSignalHandlers(service, { after: () => new Promise((resolve) => server.close(resolve)) });
await cluster.run();
