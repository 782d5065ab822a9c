/** A proxy on 127.0.0.1 between a driver and a server that sees each command, and may answer it in the server's place. */
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import type { Document } from 'bson';
import { authority } from './tcpProxy.ts';
import { MessageCutter, makeAnswer, readMessage } from './wire.ts';

/** Returns the answer that the driver gets; with undefined the server is asked. */
type Rule = (command: Document) => Document | undefined | Promise<Document>;

export class CommandProxy {
  rule: Rule = () => undefined;
  private answers = 0;
  private readonly sockets = new Set<Socket>();

  private constructor(
    private readonly server: Server,
    private readonly target: { readonly host: string; readonly port: number },
  ) {
    server.on('connection', (client) => this.accept(client));
  }

  /** Listens on a free port, before the first server of the connect string. */
  static async before(uri: string): Promise<CommandProxy> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new CommandProxy(server, authority(uri));
  }

  /** Returns the connect string with the proxy in the place of the servers. */
  uri(uri: string): string {
    const address = this.server.address();
    if (address === null || typeof address === 'string') throw new Error('The proxy does not listen.');
    const { before, after } = authority(uri);
    const path = after.startsWith('/') ? after : `/${after}`;
    return `${before}127.0.0.1:${address.port}${path}${path.includes('?') ? '&' : '?'}directConnection=true`;
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
    await once(this.server, 'close');
  }

  private accept(client: Socket): void {
    const server = connect(this.target);
    const commands = new MessageCutter();
    for (const [socket, other] of [
      [client, server],
      [server, client],
    ] as const) {
      this.sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('error', () => {});
      socket.on('close', () => {
        this.sockets.delete(socket);
        other.destroy();
      });
    }
    server.on('data', (bytes) => client.write(bytes));
    client.on('data', (bytes) => {
      for (const message of commands.push(bytes)) {
        const request = readMessage(message);
        const answer = this.rule(request.body);
        if (answer === undefined) server.write(message);
        else if (answer instanceof Promise) {
          void answer.then((later) => client.write(makeAnswer(request, ++this.answers, later)));
        } else client.write(makeAnswer(request, ++this.answers, answer));
      }
    });
  }
}
