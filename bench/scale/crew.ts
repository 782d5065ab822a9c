/** Several processes with the same subsystems, on one embedded store. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Child } from '../support/child.js';
import type { CrewMessage, CrewSettings } from './messages.js';

type Report = Extract<CrewMessage, { type: 'holds' }>;

const LOOK_MS = 200;
/** How long a process may take to leave, in ms; then it is ended. */
const LEAVE_MS = 60_000;

class CrewProcess {
  readonly child: Child<CrewMessage>;

  constructor(settings: CrewSettings) {
    this.child = new Child<CrewMessage>(new URL('crewMember.js', import.meta.url), settings);
  }

  report(): Promise<Report> {
    const answer = this.child.next('holds');
    this.child.send({ type: 'report' });
    return answer;
  }
}

export class Crew {
  readonly processes: CrewProcess[] = [];

  constructor(private readonly settings: CrewSettings) {}

  start(count: number): void {
    for (let started = 0; started < count; started += 1) this.processes.push(new CrewProcess(this.settings));
  }

  reports(): Promise<Report[]> {
    return Promise.all(this.processes.map((one) => one.report()));
  }

  async shares(): Promise<number[]> {
    return (await this.reports()).map(({ held }) => held.length);
  }

  /** Resolves to whether it held by then. */
  async until(holds: (reports: readonly Report[]) => boolean, limit: number): Promise<boolean> {
    for (const end = performance.now() + limit; performance.now() < end; await sleep(LOOK_MS)) {
      if (holds(await this.reports())) return true;
    }
    return false;
  }

  /** Resolves to whether each subsystem has one master by then. */
  allHeld(limit: number): Promise<boolean> {
    return this.until((reports) => sum(reports.map(({ held }) => held.length)) === this.settings.clusters, limit);
  }

  /** SIGKILL of the one that holds most. Returns what it held, and when it was killed. */
  async kill(): Promise<{ readonly held: ReadonlySet<number>; readonly at: number }> {
    const shares = await this.shares();
    const [victim] = this.processes.splice(shares.indexOf(Math.max(...shares)), 1);
    if (victim === undefined) throw new Error('there is no process to kill');
    const { held } = await victim.report();
    const at = Number(process.hrtime.bigint()) / 1e6;
    victim.child.kill();
    await victim.child.ended;
    return { held: new Set(held.map(([index]) => index)), at };
  }

  async end(): Promise<void> {
    for (const { child } of this.processes) {
      if (child.alive) child.send({ type: 'end' });
    }
    await Promise.race([
      Promise.all(this.processes.map(({ child }) => child.ended)),
      sleep(LEAVE_MS, undefined, { ref: false }),
    ]);
    for (const { child } of this.processes) child.kill();
  }
}

export const sum = (all: readonly number[]): number => all.reduce((one, other) => one + other, 0);
export const difference = (all: readonly number[]): number => Math.max(...all) - Math.min(...all);
