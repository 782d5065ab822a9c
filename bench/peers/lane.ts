/** One queue or lock of its own with two workers, each behind a proxy, and the file that all of them note their work in. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { TcpProxy } from '../../test/support/tcpProxy.js';
import { Host } from './host.js';
import { type Note, NotesReader } from './notes.js';
import type { Server } from './servers.js';
import type { Submitter, System } from './system.js';
import { type SystemName, systems } from './systems.js';

/** Between two looks at the notes, in ms. */
const LOOK = 20;
const WORKERS = 2;

export class Lane {
  private readonly reader: NotesReader;

  private constructor(
    readonly system: System,
    readonly submitter: Submitter,
    private readonly hosts: readonly Host[],
    private readonly proxies: readonly TcpProxy[],
    notes: string,
  ) {
    this.reader = new NotesReader(notes);
  }

  /** Starts its workers one after another. */
  static async open(name: SystemName, server: Server | undefined, folder: string, lane: string): Promise<Lane> {
    const system: System = systems[name];
    const own = join(folder, lane);
    await mkdir(own);
    const notes = join(own, 'notes');
    const placeAt = (port: number) => ({ name: lane, address: server?.address(port, lane) ?? '', folder: own });
    const submitter = await system.open(placeAt(server?.port ?? 0));
    const hosts: Host[] = [];
    const proxies: TcpProxy[] = [];
    const opened = new Lane(system, submitter, hosts, proxies, notes);
    try {
      for (let number = 1; number <= WORKERS; number++) {
        let port = 0;
        if (server !== undefined) {
          const proxy = await TcpProxy.start({ host: '127.0.0.1', port: server.port });
          proxies.push(proxy);
          port = proxy.port;
        }
        const host = new Host({ system: name, place: placeAt(port) }, number, notes);
        hosts.push(host);
        await host.ready();
      }
      return opened;
    } catch (error) {
      await opened.close();
      throw error;
    }
  }

  get notes(): readonly Note[] {
    return this.reader.refresh();
  }

  /** Sends a signal to all processes of a worker. */
  signal(host: number, signal: NodeJS.Signals): void {
    this.hosts[host - 1]?.signal(signal);
  }

  /** Drops all that a worker and its server send to each other; afterwards those connections are reset. */
  cut(host: number, isCut: boolean): void {
    const proxy = this.proxies[host - 1];
    if (proxy !== undefined) proxy.mode = isCut ? 'swallow' : 'pass';
  }

  /** Resolves to the first such note, or to undefined if there is none within the limit. */
  async noted(isWanted: (note: Note) => boolean, limit: number): Promise<Note | undefined> {
    const until = performance.now() + limit;
    for (;;) {
      const note = this.notes.find(isWanted);
      if (note !== undefined || performance.now() >= until) return note;
      await sleep(LOOK);
    }
  }

  /** Resolves when nothing was noted for so long, or at the limit. */
  async quiet(pause: number, limit: number): Promise<void> {
    const until = performance.now() + limit;
    let count = this.notes.length;
    let since = performance.now();
    while (performance.now() < until && performance.now() - since < pause) {
      await sleep(LOOK);
      if (this.notes.length === count) continue;
      count = this.notes.length;
      since = performance.now();
    }
  }

  /** What the workers said last, for a message. */
  lastWords(): string {
    return this.hosts.map((host) => host.lastWords()).join(' || ');
  }

  async close(): Promise<void> {
    for (const host of this.hosts) host.end();
    await this.submitter.close();
    for (const proxy of this.proxies) await proxy.close();
    this.reader.close();
  }
}
