/** A TCP proxy on 127.0.0.1 that does to connections what networks do: cut them, hold them up, or swallow everything. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** What it does with the bytes of a connection: passes them on, takes them and drops them, or cuts the connection. */
export type ProxyMode = 'pass' | 'swallow' | 'cut';
/** What a middle box does with packets of a connection that it has forgotten: drops them, or resets the connection. */
export type Forgotten = 'silent' | 'reset';
/** Sees all that goes one way; what it returns goes on in its place, and `undefined` cuts the connection. */
type Tap = (bytes: Buffer) => Buffer | undefined;

export class TcpProxy {
  /** From the client to the server. */
  request: Tap = (bytes) => bytes;
  /** From the server to the client. */
  response: Tap = (bytes) => bytes;
  /** By how much each piece is held up, in ms. */
  delay = 0;
  /** How far the server is, in ms. It delays each piece, and the first one by the handshake of TCP as well. */
  roundTrip = 0;
  /** After so many ms without traffic a connection is forgotten. */
  idle = Number.POSITIVE_INFINITY;
  /** What comes of the packets of a connection that was forgotten. */
  forgotten: Forgotten = 'silent';
  #mode: ProxyMode = 'pass';
  readonly #pairs = new Set<readonly [Socket, Socket]>();
  readonly #lastTraffic = new Map<readonly [Socket, Socket], number>();

  private constructor(
    private readonly server: Server,
    private readonly target: { host: string; port: number },
  ) {
    server.on('connection', (client) => this.#accept(client));
  }

  /** Listens on a free port. */
  static async start(target: { host: string; port: number }): Promise<TcpProxy> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new TcpProxy(server, target);
  }

  /** A proxy before the (first) server of a connect string. */
  static async before(uri: string): Promise<TcpProxy> {
    const { host, port } = authority(uri);
    return TcpProxy.start({ host, port });
  }

  get port(): number {
    const address: AddressInfo | string | null = this.server.address();
    if (address === null || typeof address === 'string') throw new Error('The proxy does not listen.');
    return address.port;
  }

  /** The connect string with the proxy in the place of the servers, so the driver knows no way around it. */
  uri(uri: string): string {
    const { before, after } = authority(uri);
    const path = after.startsWith('/') ? after : `/${after}`;
    return `${before}127.0.0.1:${this.port}${path}${path.includes('?') ? '&' : '?'}directConnection=true`;
  }

  /** From now on, for the connections that there are and for new ones. */
  set mode(mode: ProxyMode) {
    // A connection that lost bytes is of no use to anybody.
    if (mode === 'cut' || this.#mode === 'swallow') this.#cutAll();
    this.#mode = mode;
  }

  /** Forgets all connections that there are. */
  forget(): void {
    for (const pair of this.#pairs) this.#lastTraffic.set(pair, Number.NEGATIVE_INFINITY);
  }

  /** How many connections there are. */
  get connections(): number {
    return this.#pairs.size;
  }

  /** For how long none of them has had traffic, in ms. */
  get quiet(): number {
    return performance.now() - Math.max(...this.#lastTraffic.values());
  }

  async close(): Promise<void> {
    this.#cutAll();
    this.server.close();
    await once(this.server, 'close');
  }

  #cutAll(): void {
    for (const pair of this.#pairs) for (const socket of pair) socket.destroy();
  }

  /** Once forgotten, a connection stays so, because its last traffic is not noted any more. */
  #isForgotten(pair: readonly [Socket, Socket]): boolean {
    const last = this.#lastTraffic.get(pair) ?? Number.NEGATIVE_INFINITY;
    return last === Number.NEGATIVE_INFINITY || performance.now() - last > this.idle;
  }

  #accept(client: Socket): void {
    if (this.#mode === 'cut') {
      client.destroy();
      return;
    }
    const server = connect(this.target);
    const pair = [client, server] as const;
    this.#pairs.add(pair);
    this.#lastTraffic.set(pair, performance.now());
    let handshake = this.roundTrip;
    for (const [from, to, tap] of [
      [client, server, (bytes: Buffer) => this.request(bytes)],
      [server, client, (bytes: Buffer) => this.response(bytes)],
    ] as const) {
      const pass = inOrder((passed) => to.write(passed));
      from.setNoDelay(true);
      from.on('data', (bytes) => {
        if (this.#mode === 'swallow') return;
        const passed = tap(bytes);
        if (passed === undefined) from.destroy();
        else if (this.#isForgotten(pair)) {
          if (this.forgotten === 'reset') from.resetAndDestroy();
        } else {
          this.#lastTraffic.set(pair, performance.now());
          pass(passed, this.delay + this.roundTrip / 2 + handshake);
          handshake = 0;
        }
      });
      // A destroyed end may still be written to by a piece that was held up.
      from.on('error', () => {});
      from.on('close', () => {
        this.#pairs.delete(pair);
        this.#lastTraffic.delete(pair);
        to.destroy();
      });
    }
  }
}

/** Hands pieces on after their delays, but none before one that came earlier: the delay may have been longer then. */
function inOrder(hand: (bytes: Buffer) => void): (bytes: Buffer, delay: number) => void {
  const held: { bytes: Buffer; due: number }[] = [];
  const handDue = (): void => {
    for (let [first] = held; first !== undefined; [first] = held) {
      const left = first.due - performance.now();
      if (left > 0) return void setTimeout(handDue, Math.ceil(left));
      held.shift();
      hand(first.bytes);
    }
  };
  return (bytes, delay) => {
    if (held.length === 0 && delay === 0) return hand(bytes);
    const due = Math.max(performance.now() + delay, held.at(-1)?.due ?? 0);
    // A caller that waits for the first of them goes on with the others.
    if (held.push({ bytes, due }) === 1) handDue();
  };
}

/** Returns the first server of a connect string, and what is before and after its servers. */
export function authority(uri: string): { before: string; host: string; port: number; after: string } {
  const parts = /^(mongodb:\/\/(?:[^/?]*@)?)([^/?,]+)[^/?]*(.*)$/.exec(uri);
  if (parts === null) throw new Error('A proxy needs a connect string that names its servers.');
  const [, before = '', server = '', after = ''] = parts;
  const { hostname, port } = new URL(`http://${server}`);
  return { before, host: hostname.replace(/^\[|\]$/g, ''), port: Number(port || 27017), after };
}
