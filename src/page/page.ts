/**
 * The live page of a service, for a server of the program: `mongo-failover/page`.
 *
 * The program serves it from its main thread, so it answers nothing while that is blocked. The option `observe` has a thread that
 * serves it, and the command `mongo-failover page` a process.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { InvalidOptionError } from '../errors.js';
import { linkOf } from '../facade/serviceLink.js';
import { fetchHandler } from './fetchHandler.js';
import { latenessOf } from './lateness.js';
import { nodeHandler } from './nodeHandler.js';
import { type PageOptions, resolvePage } from './options.js';
import { Site, VIEWERS_MAX } from './site.js';
import { warner } from './warnings.js';

export type { PageAction } from '../options/pageActions.js';
export type { PageOptions, PageRight, PageVerdict } from './options.js';

/** Is what `failover()` returns, as far as it is needed here. */
export interface PageService {
  /** Ends the service, and with it the page. */
  close(): Promise<void>;
}

/** Serves the live page, in whatever shape the program needs. */
export interface Page {
  /**
   * Answers a request of `node:http`, and of what takes handlers of its shape. With `next`, what is not of the page is left to
   * others.
   */
  readonly node: (request: IncomingMessage, response: ServerResponse, next?: (error?: unknown) => void) => void;
  /**
   * Answers a `Request` of the Fetch API. `info`: where it comes from, which only the server knows. Without `authorize` and without
   * that, each answer is 403.
   */
  readonly fetch: (request: Request, info?: { readonly remoteAddress?: unknown }) => Promise<Response>;
  /** Ends all streams and closes the store. The `close()` of the service does so, too. */
  close(): Promise<void>;
}

/**
 * Makes the live page of a service: who is master, since when, what waits, and what has failed. It reads the store while someone
 * looks, by a connection of its own.
 *
 * @example
 * ```ts
 * import { createServer } from 'node:http';
 * import { failover } from 'mongo-failover';
 * import { page } from 'mongo-failover/page';
 *
 * const service = failover({ nodb: true });
 * // Without `authorize` it is for this machine alone.
 * createServer(page(service, { title: 'staging' }).node).listen(8080, '127.0.0.1');
 * ```
 *
 * @param service What `failover()` has returned.
 * @param options Who may see it, and what may be changed.
 * @throws {@link InvalidOptionError} `ERR_INVALID_OPTION`: an option is unknown or wrong, or this is no service.
 * @throws {@link FailoverError} `ERR_BUNDLED`: the files of the page are missing.
 */
export function page<Asked = IncomingMessage>(service: PageService, options: PageOptions<Asked> = {}): Page {
  const link = linkOf(service);
  if (link === undefined) {
    throw new InvalidOptionError('page() needs what failover() has returned, of the same version of this package');
  }
  const resolved = resolvePage(options);
  const { authorize } = resolved;
  const site = new Site({
    store: link.store,
    lateness: () => latenessOf(link.lateness()),
    options: resolved,
    guard: authorize === null ? { type: 'loopback' } : { type: 'authorize', authorize },
    viewersMax: VIEWERS_MAX,
    failed: warner(),
  });
  const leave = link.onClose(() => site.close());
  const close = async (): Promise<void> => {
    leave();
    await site.close();
  };
  return { node: nodeHandler(site), fetch: fetchHandler(site), close };
}
