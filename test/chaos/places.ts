/**
 * The five places, each with a process at a time, a way of its own to the server, and a file that says what its wall
 * clock shows. A process that ends is followed by a new one in its place, until the run is over.
 */
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FailoverOptions } from 'mongo-failover';
import { Child } from '../../bench/support/child.ts';
import { faketimeEnvironment, removeFaketime } from './faketime.ts';
import { intervals, LOAD_EVERY } from './intervals.ts';
import type { LineFile } from './lineFile.ts';
import type { MemberMessage, MemberSettings, Order } from './messages.ts';
import type { Network } from './network.ts';
import { slowDiskEnvironment } from './slowDisk.ts';

const entry = new URL('member.js', import.meta.url);

/** What is loaded into the members before all else; undefined where this machine does not have it. */
export interface Libraries {
  /** Shows another wall clock to a process. */
  readonly faketime: string | undefined;
  /** Makes its syncs slow. */
  readonly slowDisk: string | undefined;
}

/** When it is there, no task fails for good any more. */
export function healthyFile(folder: string): string {
  return join(folder, 'healthy');
}

export interface Surroundings {
  readonly folder: string;
  /** Of the runner: which process began and ended when, and the faults. */
  readonly events: LineFile;
  readonly ledger: string;
  /** The options of a member that reaches the server on this way. */
  options(network: Network | undefined): FailoverOptions;
  readonly managed: MemberSettings['managed'];
  /** How many tasks each member submits at once. */
  readonly load: number;
  /** What else each member is told. */
  readonly told: Pick<MemberSettings, 'extras' | 'waits' | 'schedules' | 'isPaced' | 'wallOffset' | 'folder'>;
  readonly libraries: Libraries;
}

export class Place {
  child: Child<MemberMessage> | undefined;
  member = '';
  state = 'started';
  /** Since when, by `performance.now`. */
  since = performance.now();
  /** How many faults it is under. */
  faults = 0;
  private generation = 0;
  private over = false;
  private expected = false;

  constructor(
    readonly number: number,
    readonly network: Network | undefined,
    private readonly around: Surroundings,
  ) {
    this.showWall(0);
    this.slowDisk(0);
  }

  /** Whether its processes have guards. Every other place has: the deaths of the rest are seen by other members alone. */
  get isGuarded(): boolean {
    return this.number % 2 === 1;
  }

  /** A new process here. */
  start(): void {
    const { folder, events, ledger, managed, load, told } = this.around;
    this.generation += 1;
    const member = `${this.number}.${this.generation}`;
    this.member = member;
    this.enter('started');
    this.expected = false;
    const settings: MemberSettings = {
      member,
      options: { intervals, guard: this.isGuarded, ...this.around.options(this.network) },
      managed,
      history: join(folder, `history-${member}`),
      seed: this.number * 100_000 + this.generation,
      load: { size: load, every: LOAD_EVERY },
      ...told,
    };
    const environment = {
      ...{ CHAOS_LEDGER: ledger, CHAOS_MEMBER: member, CHAOS_BROKEN: this.brokenFile },
      CHAOS_HEALTHY: healthyFile(folder),
      ...this.preloaded(),
    };
    const child = new Child<MemberMessage>(entry, settings, environment);
    this.child = child;
    events.write({ what: 'began', at: process.hrtime.bigint(), member, pid: child.pid });
    child.listen((message) => {
      if (message.type === 'state') this.enter(message.to);
    });
    void child.ended.then((how) => {
      events.write({ what: 'ended', at: process.hrtime.bigint(), member, how, expected: this.expected || this.over });
      if (this.around.libraries.faketime !== undefined) removeFaketime(child.pid);
      if (!this.over && this.child === child) this.start();
    });
  }

  private enter(state: string): void {
    this.state = state;
    this.since = performance.now();
  }

  /** Has the process end by itself; the next one begins when it has ended. */
  end(how: 'exit' | 'throw'): void {
    this.expected = true;
    this.order({ type: how });
  }

  order(order: Order): void {
    if (this.child?.alive) this.child.send(order);
  }

  /** SIGKILL; the next process begins when this one has ended. */
  kill(): void {
    this.expected = true;
    this.around.events.write({ what: 'killed', at: process.hrtime.bigint(), member: this.member });
    this.child?.kill();
  }

  /** Stops this process; what is returned lets it go on, if it still is. */
  suspend(): () => void {
    const { child, member } = this;
    if (child === undefined) return () => {};
    const signal = (name: NodeJS.Signals): void => {
      if (child.alive) process.kill(child.pid, name);
    };
    const note = (what: string): void => this.around.events.write({ what, at: process.hrtime.bigint(), member });
    note('suspended');
    signal('SIGSTOP');
    return () => {
      note('resumed');
      signal('SIGCONT');
    };
  }

  /** From now on, and for the processes that follow, the wall clock is this far off, in seconds. */
  showWall(offset: number): void {
    replaceFile(this.wallFile, `${offset < 0 ? '' : '+'}${offset}\n`);
  }

  /** From now on, and for the processes that follow, each sync takes so many ms longer. */
  slowDisk(ms: number): void {
    replaceFile(this.diskFile, `${Math.round(ms)}\n`);
  }

  private preloaded(): Record<string, string> {
    const { faketime, slowDisk } = this.around.libraries;
    const all = [
      faketime === undefined ? {} : faketimeEnvironment(faketime, this.wallFile),
      slowDisk === undefined ? {} : slowDiskEnvironment(slowDisk, this.diskFile),
    ];
    const LD_PRELOAD = all.flatMap((one) => one.LD_PRELOAD ?? []).join(':');
    return Object.assign({}, ...all, LD_PRELOAD === '' ? {} : { LD_PRELOAD });
  }

  /** From now on the work module of this place loads, or not; a thread that has loaded it goes on. */
  deploy(how: 'good' | 'broken'): void {
    if (how === 'broken') writeFileSync(this.brokenFile, '');
    else rmSync(this.brokenFile, { force: true });
  }

  private get brokenFile(): string {
    return join(this.around.folder, `broken-${this.number}`);
  }

  private get wallFile(): string {
    return join(this.around.folder, `wall-${this.number}`);
  }

  private get diskFile(): string {
    return join(this.around.folder, `disk-${this.number}`);
  }

  /** No process follows from now on. Resolves when its submitter has stored what it was at. */
  async quiet(): Promise<void> {
    this.over = true;
    const answer = this.child?.next('quiet');
    this.order({ type: 'quiet' });
    // One that ends now, as by its own fencing, has nothing more to say.
    await answer?.catch(() => {});
  }

  /** Hands over, and resolves when the process has ended. */
  async stop(): Promise<void> {
    this.over = true;
    this.order({ type: 'stop' });
    await this.child?.ended;
  }

  async close(): Promise<void> {
    this.over = true;
    this.child?.kill();
    await this.child?.ended;
    await this.network?.close();
  }
}

/** By a rename: no process reads half of it. */
function replaceFile(file: string, text: string): void {
  writeFileSync(`${file}.new`, text);
  renameSync(`${file}.new`, file);
}
