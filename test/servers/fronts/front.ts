/**
 * A front end of one server: it takes the connections of drivers, reads their commands, and asks its owner for the answer
 * to each. The owner answers by itself, or passes the command on. Each connection has one of its own to the real server,
 * and its commands are done one after another, as a server does them.
 */
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import type { Document } from 'bson';
import {
  commandName,
  EXHAUST_ALLOWED,
  MessageCutter,
  makeAnswer,
  makeMessage,
  readMessage,
  type WireMessage,
} from '../../support/wire.js';

export interface Target {
  readonly host: string;
  readonly port: number;
}

/** Takes connections, ends all and takes none, or takes them and never answers, as a machine that has died. */
export type FrontMode = 'open' | 'closed' | 'silent';

/** One command, to be answered once. */
export class Call {
  readonly name: string;
  private previous: number;

  constructor(
    readonly message: WireMessage,
    private readonly client: Socket,
    private readonly upstream: Upstream,
    private readonly isOpen: () => boolean,
    /** Resolves when the driver has closed the connection. */
    readonly closed: Promise<void>,
  ) {
    this.name = commandName(message.body);
    this.previous = message.requestId;
  }

  get body(): Document {
    return this.message.body;
  }

  /** Whether the driver takes answers until there is news no more. */
  get takesMany(): boolean {
    return (this.message.flags & EXHAUST_ALLOWED) !== 0;
  }

  get isClosed(): boolean {
    return this.client.destroyed;
  }

  /** Has the real server do it, and resolves with its answer. */
  pass(bytes = this.message.bytes): Promise<Buffer> {
    return this.upstream.ask(bytes);
  }

  /** Answers with what the real server said. */
  hand(bytes: Buffer): void {
    if (this.isOpen() && !this.client.destroyed) this.client.write(bytes);
  }

  /** Answers; with flags it may do so again, each answer following the one before. */
  answer(body: Document, flags = 0): void {
    const id = nextId();
    const first = this.previous === this.message.requestId;
    this.hand(first ? makeAnswer(this.message, id, body, flags) : makeMessage(id, this.previous, body, flags));
    this.previous = id;
  }

  /** Ends the connection in place of an answer. */
  cut(): void {
    this.client.destroy();
  }
}

export class Front {
  private mode: FrontMode = 'open';
  private readonly clients = new Set<Socket>();

  private constructor(
    private readonly server: Server,
    private readonly target: Target,
    private readonly handle: (call: Call) => Promise<void>,
  ) {
    server.on('connection', (client) => this.accept(client));
  }

  /** Listens on a free port. */
  static async start(target: Target, handle: (call: Call) => Promise<void>): Promise<Front> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new Front(server, target, handle);
  }

  get port(): number {
    const address = this.server.address();
    if (address === null || typeof address === 'string') throw new Error('The front end does not listen.');
    return address.port;
  }

  /** How many connections there are. */
  get connections(): number {
    return this.clients.size;
  }

  /** From now on. A front end that is not open any more has no connection left that works. */
  set(mode: FrontMode): void {
    // What a machine that has died does not answer is not closed either, until it is back and knows nothing of it.
    if (mode === 'closed' || (mode === 'open' && this.mode === 'silent')) this.cutAll();
    this.mode = mode;
  }

  async close(): Promise<void> {
    this.set('closed');
    this.server.close();
    await once(this.server, 'close');
  }

  private cutAll(): void {
    for (const client of this.clients) client.destroy();
  }

  private accept(client: Socket): void {
    client.on('error', () => {});
    if (this.mode === 'closed') return void client.destroy();
    this.clients.add(client);
    client.setNoDelay(true);
    const upstream = new Upstream(this.target);
    const closed = new Promise<void>((resolve) => {
      client.on('close', () => {
        this.clients.delete(client);
        upstream.close();
        resolve();
      });
    });
    const cutter = new MessageCutter();
    let last = Promise.resolve();
    client.on('data', (bytes) => {
      for (const message of this.read(cutter, bytes, client)) {
        const call = new Call(message, client, upstream, () => this.mode === 'open', closed);
        last = last.then(() => this.answer(call));
      }
    });
  }

  /** Ends the connection of a client that does not speak the protocol. */
  private read(cutter: MessageCutter, bytes: Buffer, client: Socket): WireMessage[] {
    try {
      return cutter.push(bytes).map(readMessage);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      client.destroy();
      return [];
    }
  }

  private async answer(call: Call): Promise<void> {
    if (this.mode === 'silent') return;
    try {
      await this.handle(call);
    } catch (error) {
      // The server is gone, or this program has a fault: in either case the driver has no answer to wait for.
      call.cut();
      if (!(error instanceof UpstreamError)) throw error;
    }
  }
}

class UpstreamError extends Error {}

/** The connection to the real server, made by the first command that is passed on. */
class Upstream {
  private socket: Socket | undefined;
  private readonly cutter = new MessageCutter();
  private waiting: { resolve(bytes: Buffer): void; reject(error: Error): void } | undefined;

  constructor(private readonly target: Target) {}

  ask(bytes: Buffer): Promise<Buffer> {
    this.socket ??= this.open();
    const { socket } = this;
    return new Promise((resolve, reject) => {
      if (socket.destroyed) return reject(new UpstreamError('The connection to the server is closed.'));
      this.waiting = { resolve, reject };
      socket.write(bytes);
    });
  }

  close(): void {
    this.socket?.destroy();
  }

  private open(): Socket {
    const socket = connect(this.target);
    socket.setNoDelay(true);
    socket.on('data', (bytes) => {
      for (const whole of this.cutter.push(bytes)) this.waiting?.resolve(whole);
    });
    socket.on('error', () => {});
    socket.on('close', () => this.waiting?.reject(new UpstreamError('The server closed the connection.')));
    return socket;
  }
}

let ids = 0;

function nextId(): number {
  ids += 1;
  return ids;
}
