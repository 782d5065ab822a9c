/** terminus: it handles the signals, so the package does not. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createTerminus } from '@godaddy/terminus';
import { billOf, log, openBilling, port } from './billing.js';

const { service, cluster } = openBilling();
const server = createServer((request, response) => {
  cluster.submitWork(billOf(request.url)).then(
    () => response.writeHead(202).end(),
    (error) => response.writeHead(503).end(error.message),
  );
});
createTerminus(server, {
  signals: ['SIGTERM', 'SIGINT'],
  // Before the server stops: it has no limit, and open requests are answered while the running task ends.
  beforeShutdown: () => service.close(),
  // How long open requests may then take. Its default is 1 s.
  timeout: 5000,
  // Without it, terminus ends the process by the signal, which is no clean end for Kubernetes or systemd.
  useExit0: true,
  healthChecks: {
    // A standby is ready, too. Liveness must not fail for a store that is down, nor during the shutdown.
    '/readyz': async () => {
      const { ready, reasons } = service.health();
      if (!ready) throw new Error(reasons.join(', '));
    },
  },
});
await cluster.run();
server.listen(port, () => log(`listening on port ${(server.address() as AddressInfo).port}`));
