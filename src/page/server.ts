/** The live page as a server of its own, for the command line. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { nodeHandler } from './nodeHandler.js';
import type { Site } from './site.js';

/** How long a request may take to arrive, and a connection to stay without one, in ms. */
const REQUEST_MAX_MS = 10_000;
/** How often that is checked, in ms: Node.js does it every 30 s. */
const CHECK_MS = 1000;
const CONNECTIONS_MAX = 1000;

export class PageServer {
  private readonly server: Server;

  constructor(private readonly site: Site) {
    const limits = {
      ...{ requestTimeout: REQUEST_MAX_MS, headersTimeout: REQUEST_MAX_MS, keepAliveTimeout: REQUEST_MAX_MS },
      connectionsCheckingInterval: CHECK_MS,
    };
    this.server = createServer(limits, nodeHandler(site));
    this.server.maxConnections = CONNECTIONS_MAX;
  }

  /** Resolves with the port. Rejects with what the system says, such as `EADDRINUSE`. */
  listen(port: number, host: string): Promise<number> {
    return new Promise((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen({ port, host: host.replace(/^\[(.*)\]$/, '$1') }, () =>
        resolve((this.server.address() as AddressInfo).port),
      );
    });
  }

  /** Ends all connections. */
  async close(): Promise<void> {
    await this.site.close();
    await new Promise<void>((resolve) => {
      this.server.close(() => resolve());
      this.server.closeAllConnections();
    });
  }
}
