/** lightship: it handles the signals, so the package does not. It needs Node.js 22.13 or later. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createLightship } from 'lightship';
import { billOf, log, openBilling, port } from './billing.js';

const { service, cluster } = openBilling();
const lightship = await createLightship({
  port: Number(process.env.LIGHTSHIP_PORT ?? 9000),
  signals: ['SIGTERM', 'SIGINT'],
  // Its default of 5 s is less than the running task may take (`stopTimeout`, 20 s).
  shutdownHandlerTimeout: 28_000,
  gracefulShutdownTimeout: 30_000,
  // It waits that long before the handlers, for balancers. Kubernetes' 30 s must have room for both.
  shutdownDelay: Number(process.env.SHUTDOWN_DELAY ?? 1000),
});
const server = createServer((request, response) => {
  cluster.submitWork(billOf(request.url)).then(
    () => response.writeHead(202).end(),
    (error) => response.writeHead(503).end(error.message),
  );
});
lightship.registerShutdownHandler(() => service.close());
lightship.registerShutdownHandler(() => new Promise((resolve) => server.close(() => resolve())));
await cluster.run();
server.listen(port, () => {
  log(`listening on port ${(server.address() as AddressInfo).port}`);
  lightship.signalReady();
});
