/**
 * Says at once that another process of this machine has ended. Each process listens on a socket whose name says which one it
 * is. Those that want to hear of its end hold a connection to it, which the kernel closes as the process ends. Nothing is ever
 * sent, so an idle process pays nothing for it.
 *
 * The sockets have abstract names, which only Linux knows, so no file is left behind. Nothing depends on them: a connection
 * may be refused, and one that is closed says only that it is time to look at the process.
 */
import { createHash } from 'node:crypto';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { type ProcessIdentity, processKey } from './processIdentity.js';

/** Connections to this process, and from it. Others look now and then. */
const LINES_MAX = 256;
/** The longest name that the kernel takes. Versions of Node.js that fill up a shorter one do not meet those that do not. */
const NAME_BYTES = 108;
const PREFIX = '\0mongo-failover/';

export interface Lifelines {
  /** Calls `ended`, once, when the process may have ended. Returns how to listen no more. */
  follow(process: ProcessIdentity, ended: () => void): () => void;
}

/** Where no process says that it ends. */
export const noLifelines: Lifelines = { follow: () => () => {} };

/** Listens for others, and connects to them. Of several in one process only the first has the name of the process. */
export class SocketLifelines implements Lifelines {
  private readonly server: Server | null;
  private readonly lines = new Set<Socket>();

  constructor(me: ProcessIdentity) {
    this.server = me.start === '' ? null : createServer((socket) => this.hold(socket));
    if (this.server === null) return;
    this.server.maxConnections = LINES_MAX;
    this.server.on('error', () => {});
    listen(this.server, socketOf(me));
  }

  /** Returns how many lines there are, of others to this process and of this process to others. */
  get size(): number {
    return this.lines.size;
  }

  follow(process: ProcessIdentity, ended: () => void): () => void {
    if (this.server === null || this.lines.size >= LINES_MAX) return () => {};
    const socket = dial(socketOf(process));
    if (socket === undefined) return () => {};
    let wasConnected = false;
    let wanted = true;
    socket.on('connect', () => {
      wasConnected = true;
    });
    socket.on('close', () => {
      if (wasConnected && wanted) ended();
    });
    this.hold(socket);
    return () => {
      wanted = false;
      socket.destroy();
    };
  }

  close(): void {
    this.server?.close();
    for (const socket of this.lines) socket.destroy();
  }

  private hold(socket: Socket): void {
    this.lines.add(socket);
    socket.unref();
    socket.on('error', () => {});
    // Nothing of ours ever comes; a program that sends must not cost this thread its time.
    socket.on('data', () => socket.destroy());
    socket.on('close', () => this.lines.delete(socket));
  }
}

/** Policies of the system, or `--permission`, may forbid it: then others look now and then. */
function listen(server: Server, name: string): void {
  try {
    server.listen(name);
    server.unref();
  } catch {
    // As when the error comes as an event.
  }
}

function dial(name: string): Socket | undefined {
  try {
    return connect(name);
  } catch {
    return undefined;
  }
}

/** Returns what this process listens on: a name that is the same for all that mean it. */
export function socketOf(process: ProcessIdentity): string {
  const digest = createHash('sha512').update(processKey(process)).digest('hex');
  return `${PREFIX}${digest}`.slice(0, NAME_BYTES);
}
