/** The HTTP server of the observer: `node:http` around the routes. It tries again while its port is taken. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { FailoverError, toWire } from '../errors.js';
import type { ResolvedObserve } from '../options/observe.js';
import type { Timers } from '../time/realTime.js';
import type { LazyPage } from './lazyPage.js';
import { answer, type RouteParts } from './routes.js';

/** Between two tries to listen, in ms. */
const RETRY_MS = 5000;
/** How long a request may take to arrive, and a connection to stay without one, in ms. */
const REQUEST_MAX_MS = 5000;
/** How often that is checked: Node.js does it every 30 s, and until then silent connections leave no room for probes. */
const CHECK_MS = 1000;
const CONNECTIONS_MAX = 200;

interface ObserverServerParts extends Omit<RouteParts, 'token'> {
  readonly options: ResolvedObserve;
  readonly timers: Pick<Timers, 'setTimeout' | 'clearTimeout'>;
  readonly page: LazyPage | null;
  listening(port: number): void;
  /** Called once for each row of failures. */
  failed(error: FailoverError): void;
}

export class ObserverServer {
  private readonly server: Server;
  private retry: NodeJS.Timeout | undefined;
  private hasFailed = false;

  constructor(private readonly parts: ObserverServerParts) {
    this.server = createServer(
      {
        ...{ requestTimeout: REQUEST_MAX_MS, headersTimeout: REQUEST_MAX_MS, keepAliveTimeout: REQUEST_MAX_MS },
        connectionsCheckingInterval: CHECK_MS,
      },
      (request, response) => void this.respond(request, response),
    );
    this.server.maxConnections = CONNECTIONS_MAX;
    this.server.on('error', (error) => this.listenFailed(error));
    this.server.on('listening', () => {
      this.hasFailed = false;
      parts.listening((this.server.address() as AddressInfo).port);
    });
  }

  listen(): void {
    const { port, host } = this.parts.options;
    this.server.listen({ port, host: host.replace(/^\[(.*)\]$/, '$1') });
  }

  close(): Promise<void> {
    this.parts.timers.clearTimeout(this.retry);
    return new Promise((resolve) => {
      this.server.close(() => resolve());
      this.server.closeAllConnections();
    });
  }

  private listenFailed(cause: Error): void {
    this.retry = this.parts.timers.setTimeout(() => this.listen(), RETRY_MS);
    if (this.hasFailed) return;
    this.hasFailed = true;
    const { port, host } = this.parts.options;
    const { code, message } = toWire(cause);
    const what =
      code === 'EADDRINUSE'
        ? `another program uses port ${port} of ${host}; give observe.port another number, or 0 for a free one`
        : message;
    const error = new FailoverError(
      'ERR_OBSERVE',
      `the probes and metrics are not served: ${what}. Everything else goes on, and every ${RETRY_MS / 1000} s it is tried again`,
    );
    this.parts.failed(error);
  }

  private async respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (this.parts.page?.takes(request, response) === true) return;
    const { method = '', url = '' } = request;
    const { host, authorization, accept } = request.headers;
    const { options, health, metrics } = this.parts;
    const asked = { method, url, host, authorization, accept };
    const { status, headers, body } = await answer(asked, { token: options.token, health, metrics });
    const allow = method === 'OPTIONS' ? { allow: 'GET, HEAD, OPTIONS' } : {};
    const length = method === 'OPTIONS' ? 0 : Buffer.byteLength(body);
    // What another method sends along is not read, so nothing can follow it.
    if (status === 405) response.shouldKeepAlive = false;
    response.writeHead(status, { ...headers, ...allow, 'content-length': length });
    response.end(method === 'HEAD' || method === 'OPTIONS' ? undefined : body);
  }
}
