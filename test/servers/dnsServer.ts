/** A small DNS server over UDP on 127.0.0.1, whose records change when the test says so. */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { type Answer, decode, encode, type StringAnswer } from 'dns-packet';

/** Where a service is, by its names and ports. */
interface SrvTarget {
  readonly name: string;
  readonly port: number;
}

export class DnsServer {
  /** Of each service, such as `_mongodb._tcp.set.example.test`. */
  readonly services = new Map<string, readonly SrvTarget[]>();
  /** How often each was asked for. */
  readonly asked = new Map<string, number>();

  private constructor(private readonly socket: Socket) {
    socket.on('message', (bytes, { port, address }) => {
      const { id, questions = [] } = decode(bytes);
      const [question] = questions;
      const answers = question === undefined ? [] : this.answers(question.name, question.type);
      const found = answers.length > 0 ? 0 : NOT_FOUND;
      socket.send(
        encode({ type: 'response', ...(id === undefined ? {} : { id }), flags: found, questions, answers }),
        port,
        address,
      );
    });
  }

  /** Listens on a free port. */
  static async start(): Promise<DnsServer> {
    const socket = createSocket('udp4').bind(0, '127.0.0.1');
    await once(socket, 'listening');
    return new DnsServer(socket);
  }

  /** For `dns.setServers`. */
  get address(): string {
    return `127.0.0.1:${this.socket.address().port}`;
  }

  async close(): Promise<void> {
    this.socket.close();
    await once(this.socket, 'close');
  }

  private answers(name: string, type: string): (Answer | StringAnswer)[] {
    if (type !== 'SRV') return [];
    this.asked.set(name, (this.asked.get(name) ?? 0) + 1);
    return (this.services.get(name) ?? []).map(({ name: target, port }) => ({
      type: 'SRV',
      name,
      ttl: 0,
      data: { target, port, priority: 0, weight: 0 },
    }));
  }
}

/** NXDOMAIN: there is no such name. */
const NOT_FOUND = 3;
