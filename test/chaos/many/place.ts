/** One of the places, with a process at a time; one that ends is followed by a new one, until the run is over. */
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FailoverOptions } from 'mongo-failover';
import { Child } from '../../../bench/support/child.ts';
import type { LineFile } from '../lineFile.ts';
import type { Network } from '../network.ts';
import { slowDiskEnvironment } from '../slowDisk.ts';
import type { ManyMessage, ManySettings } from './settings.ts';

interface Surroundings {
  readonly folder: string;
  readonly events: LineFile;
  readonly options: FailoverOptions;
  readonly unmanaged: readonly string[];
  readonly managed: readonly string[];
  /** The library that makes syncs slow. */
  readonly slowDisk: string | undefined;
  readonly network: Network | undefined;
}

export class ManyPlace {
  member = '';
  /** How many it holds, as it said last. */
  count = 0;
  private child: Child<ManyMessage> | undefined;
  private generation = 0;
  private over = false;

  constructor(
    private readonly number: number,
    private readonly around: Surroundings,
  ) {
    this.makeSlow(0);
  }

  get network(): Network | undefined {
    return this.around.network;
  }

  start(): void {
    const { folder, options, unmanaged, managed, slowDisk } = this.around;
    this.generation += 1;
    const member = `${this.number}.${this.generation}`;
    this.member = member;
    this.count = 0;
    const ledger = join(folder, 'ledger');
    const settings: ManySettings = {
      member,
      options,
      unmanaged,
      managed,
      ledger,
      history: join(folder, `history-${member}`),
    };
    const child = new Child<ManyMessage>(new URL('member.js', import.meta.url), settings, {
      ...{ CHAOS_LEDGER: ledger, CHAOS_MEMBER: member },
      ...(slowDisk === undefined ? {} : slowDiskEnvironment(slowDisk, this.diskFile)),
    });
    this.child = child;
    child.listen((message) => {
      if (message.type === 'holds' && this.child === child) this.count = message.count;
    });
    void child.ended.then((how) => {
      if (this.child !== child || this.over) return;
      this.note(how === 'SIGKILL' ? 'ended' : 'died', { how });
      this.start();
    });
  }

  private note(what: string, more: Record<string, unknown> = {}): void {
    this.around.events.write({ what, at: process.hrtime.bigint(), member: this.member, ...more });
  }

  async kill(): Promise<void> {
    const { child } = this;
    this.note('killed');
    this.count = 0;
    child?.kill();
    await child?.ended;
  }

  /** Stops the process; what is returned lets it go on. */
  suspend(): () => void {
    const { child } = this;
    const signal = (name: NodeJS.Signals): void => {
      if (child?.alive) process.kill(child.pid, name);
    };
    this.note('suspended');
    signal('SIGSTOP');
    this.count = 0;
    return () => {
      this.note('resumed');
      signal('SIGCONT');
    };
  }

  /** For so long its disk, or its way to the server, takes `ms` more. */
  async slow(ms: number, lasts: number): Promise<void> {
    this.note('slow');
    this.makeSlow(ms);
    await sleep(lasts);
    this.makeSlow(0);
    this.note('fast');
  }

  private makeSlow(ms: number): void {
    this.around.network?.each((proxy) => {
      proxy.delay = ms;
    });
    writeFileSync(`${this.diskFile}.new`, `${Math.round(ms)}\n`);
    renameSync(`${this.diskFile}.new`, this.diskFile);
  }

  private get diskFile(): string {
    return join(this.around.folder, `disk-${this.number}`);
  }

  async stop(): Promise<void> {
    this.over = true;
    const { child } = this;
    if (!child?.alive) return;
    child.send({ type: 'stop' });
    await Promise.race([child.ended, sleep(20_000)]);
  }

  async close(): Promise<void> {
    this.over = true;
    this.child?.kill();
    await this.child?.ended;
    await this.around.network?.close();
  }
}
