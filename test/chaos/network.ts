/** The way of one place to the server: a proxy before each of its addresses. */
import type { Naming } from '../servers/replicaSet.ts';
import { TcpProxy } from '../support/tcpProxy.ts';

export class Network {
  private constructor(
    /** For the members at this place. */
    readonly uri: string,
    private readonly proxies: readonly TcpProxy[],
  ) {}

  /** To the first server of the connect string, and no other. */
  static async before(uri: string): Promise<Network> {
    const proxy = await TcpProxy.before(uri);
    return new Network(proxy.uri(uri), [proxy]);
  }

  /** To several that `listen` opens; it is told under which addresses the members shall reach them. */
  static async beforeAll(
    listen: (hosts: Naming) => Promise<{ uri(database: string): string }>,
    database: string,
  ): Promise<Network> {
    let proxies: TcpProxy[] = [];
    const view = await listen(async (ports) => {
      proxies = await Promise.all(ports.map((port) => TcpProxy.start({ host: '127.0.0.1', port })));
      return proxies.map(({ port }) => `127.0.0.1:${port}`);
    });
    return new Network(view.uri(database), proxies);
  }

  /** Past all proxies, where none can stand before the servers. */
  static past(uri: string): Network {
    return new Network(uri, []);
  }

  each(change: (proxy: TcpProxy) => void): void {
    for (const proxy of this.proxies) change(proxy);
  }

  /** From now on only this address is reached. */
  leaveOnly(index: number): void {
    for (const [one, proxy] of this.proxies.entries()) if (one !== index) proxy.mode = 'cut';
  }

  /** All is as it was. Connections that lost bytes are cut, as they are of no use to anybody. */
  restore({ cut }: { readonly cut: boolean }): void {
    this.each((proxy) => {
      if (cut) proxy.mode = 'cut';
      proxy.mode = 'pass';
      proxy.delay = 0;
      proxy.request = (bytes) => bytes;
      proxy.response = (bytes) => bytes;
    });
  }

  async close(): Promise<void> {
    await Promise.all(this.proxies.map((proxy) => proxy.close()));
  }
}
