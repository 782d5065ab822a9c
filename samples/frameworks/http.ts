/** A server of Node.js alone: tasks come by HTTP, and the master works them off. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { installSignalHandlers } from 'mongo-failover';
import { billOf, log, openBilling, port } from './billing.js';

const { service, cluster } = openBilling();
const server = createServer((request, response) => {
  const answer = (status: number, text: string): void => void response.writeHead(status).end(text);
  cluster.submitWork(billOf(request.url)).then(
    ({ stored }) => answer(202, String(stored)),
    (error) => answer(503, error.message),
  );
});
// While the running task ends, open requests are answered, and new tasks are refused by 503. The server goes last.
installSignalHandlers(service, { after: () => new Promise((resolve) => server.close(resolve)) });
await cluster.run();
server.listen(port, () => log(`listening on port ${(server.address() as AddressInfo).port}`));
