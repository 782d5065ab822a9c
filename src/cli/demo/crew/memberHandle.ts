/** A member process, as the demo sees it from outside. */
import { type ChildProcess, fork } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { ClusterState } from '../../../index.js';
import { type FromMember, type Heartbeat, isMessage, type ToMember } from './messages.js';

const entry = fileURLToPath(new URL('./member.js', import.meta.url));

/** How long a member may take to stop, in ms, before it is killed. */
const STOP_MAX_MS = 10_000;

export interface MemberListener {
  said(member: MemberHandle, message: FromMember): void;
  /** Called with a line that it wrote on stdout or stderr: debug output, or a crash. */
  wrote(member: MemberHandle, line: string): void;
  exited(member: MemberHandle): void;
}

export class MemberHandle {
  state: ClusterState = 'stopped';
  term: number | null = null;
  heartbeat: Heartbeat | null = null;
  /** Why it is not there any more, or does not answer; for the display. */
  condition: 'running' | 'blocked' | 'killed' | 'ended' = 'running';
  private readonly child: ChildProcess;
  private readonly exit: Promise<unknown>;
  private stopping = false;

  constructor(
    readonly number: number,
    private readonly listener: MemberListener,
  ) {
    this.child = fork(entry, { stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
    // Not `once` of node:events, which rejects when the process could not be made.
    this.exit = new Promise((resolve) => this.child.once('exit', resolve));
    for (const stream of [this.child.stdout, this.child.stderr]) {
      if (stream !== null) createInterface({ input: stream }).on('line', (line) => listener.wrote(this, line));
    }
    this.child.on('message', (message) => {
      if (isMessage<FromMember>(message)) this.take(message);
    });
    this.child.on('error', (error) => listener.wrote(this, error.message));
    this.child.on('exit', () => this.gone());
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  get alive(): boolean {
    return this.condition === 'running' || this.condition === 'blocked';
  }

  /** Returns whether it went without having been told to. */
  get lost(): boolean {
    return this.condition === 'ended' && !this.stopping;
  }

  send(message: ToMember): void {
    if (message.type === 'block') this.condition = 'blocked';
    // The callback: a member that is gone must not become an uncaught error here.
    if (this.child.connected) this.child.send(message, () => {});
  }

  /** Kills it, as if its machine had lost power: nothing of it runs on. */
  kill(): void {
    this.condition = 'killed';
    this.child.kill('SIGKILL');
  }

  /** Resolves when the process is gone. */
  async stop(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null || this.child.pid === undefined) return;
    this.stopping = true;
    this.send({ type: 'stop' });
    const timer = setTimeout(() => this.child.kill('SIGKILL'), STOP_MAX_MS);
    await this.exit;
    clearTimeout(timer);
  }

  private take(message: FromMember): void {
    switch (message.type) {
      case 'state':
        this.state = message.to;
        this.term = message.term;
        break;
      case 'status':
        this.term = message.term;
        this.heartbeat = message.heartbeat;
        break;
      case 'blocked':
        if (this.condition === 'blocked') this.condition = 'running';
        this.heartbeat = message.after;
        break;
      default:
        break;
    }
    this.listener.said(this, message);
  }

  private gone(): void {
    if (this.condition !== 'killed') this.condition = 'ended';
    this.state = 'stopped';
    this.term = null;
    this.listener.exited(this);
  }
}
