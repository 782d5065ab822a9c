/** The live page beside the probes: loaded when it is asked for first, so one that is never opened costs nothing. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ResolvedObserve } from '../options/observe.js';
import type { StoreOptions } from '../options/options.js';
import type { Distribution } from '../wire/sharedCounts.js';
import type { ObservedPage, PageModule } from './messages.js';

export const PAGE_PATH = '/page';

export class LazyPage {
  private loading: Promise<ObservedPage> | undefined;

  constructor(
    private readonly load: () => Promise<PageModule>,
    private readonly store: StoreOptions,
    private readonly lateness: () => Distribution,
    private readonly options: Pick<ResolvedObserve, 'page' | 'token'>,
  ) {}

  /** Returns whether the request was for the page, and is answered by it. */
  takes(request: IncomingMessage, response: ServerResponse): boolean {
    if (!/^\/page(?:[/?]|$)/.test(request.url ?? '')) return false;
    this.opened().then(
      (page) => page.node(request, response),
      () => {
        this.loading = undefined;
        response.writeHead(500, { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' });
        response.end('The page cannot be loaded: deploy the whole folder of mongo-failover\n');
      },
    );
    return true;
  }

  async close(): Promise<void> {
    const page = await this.loading?.catch(() => undefined);
    await page?.close();
  }

  private opened(): Promise<ObservedPage> {
    const { store, options, lateness } = this;
    const parts = { store, lateness, actions: options.page?.actions ?? [], token: options.token, base: PAGE_PATH };
    this.loading ??= this.load().then(({ observedPage }) => observedPage(parts));
    return this.loading;
  }
}
