/**
 * One command under one lease: when it is started, ended and started again, and the exit code that comes of it.
 *
 *   standing by   until this member is master. A signal, the time to wait, or the success of another member ends it.
 *   reigning      start the command; when it has ended, clear its group; then start it again, or leave.
 *   leaving       the group is gone by now; then the lease is released.
 *
 * The coordinator thread ends the group as the lease goes; its news decide the exit code.
 */
import { FailoverError } from '../errors.js';
import type { GroupEnd, GroupNews, OwnedGroup } from '../wire/groups.js';
import { Condition } from './condition.js';
import { escapedText } from './events.js';
import { type Exit, execExits, exitCode, signalCode } from './exitCodes.js';
import type { Attempt, SupervisorParts } from './parts.js';
import { Restarts } from './restarts.js';
import type { Running } from './running.js';
import { type Asked, isImpatient, roleOf } from './signals.js';
import { TimeOver } from './timeOver.js';

/** How long the guard may take to say that it knows the group, in ms. */
const GUARD_MS = 10_000;
/** Between two looks of a member that has no news to wait for, in ms. */
const LOOK_MS = 50;
const SUCCESS_LOOK_MS = 1000;
/** How long leaving may take when there is no lease to release, in ms. */
const LEAVE_MS = 2000;

/** How a start came out: an exit code, or it is to stand by again. */
type Outcome = number | 'standby';

export class Supervisor {
  private readonly condition: Condition;
  private asked: Asked | null = null;
  private impatient = false;
  private running: Running | null = null;
  /** Whether the store has ever answered. */
  private connected = false;
  private storeFailed = false;
  private standsBy = false;
  private succeeded = false;
  private joinError: unknown;

  constructor(private readonly parts: SupervisorParts) {
    this.condition = new Condition(parts.clock);
  }

  // ---- what happens ----

  signal(signal: NodeJS.Signals): void {
    const { clock, tell } = this.parts;
    const { running } = this;
    const role = roleOf(signal, running?.hasBegun === true && !running.hasEnded);
    if (role === 'ignore') return;
    if (role === 'forward') {
      running?.command.signal(signal);
      if (running !== null) tell({ event: 'signal', signal, cause: 'forwarded', pid: running.command.pid });
      return;
    }
    if (this.asked === null) {
      this.asked = { signal, at: clock.now() };
      tell({ event: 'stopping', signal });
      this.endRunning(this.parts.options.stopSignal ?? signal, this.parts.options.killAfter);
    } else if (isImpatient(this.asked, signal, clock.now())) {
      this.impatient = true;
      this.endRunning('SIGKILL', 0);
    }
    this.condition.look();
  }

  /** The state of the member has changed. */
  changed(state: string): void {
    if (state === 'slave' || state === 'master' || state === 'ticking') this.connected = true;
    this.storeFailed = state === 'error';
    // Once: a claim that another member was faster with leads from `ticking` back to `slave`.
    if (state === 'slave' && !this.standsBy) this.parts.tell({ event: 'standby' });
    this.standsBy = state === 'slave' || state === 'ticking';
    this.condition.look();
  }

  groupNews({ number, cause, signal }: GroupNews): void {
    const { running } = this;
    if (running === null || running.command.pid !== number) return;
    running.cause ??= cause;
    if (running.hasBegun) this.parts.tell({ event: 'signal', signal, cause, pid: number });
    // Asks for nothing more than to hear whether it dies.
    if (signal === 'SIGKILL') this.endRunning(signal, 0);
    this.condition.look();
  }

  /** The coordinator thread is gone, and with it the lease, and who would end the group. */
  coordinatorLost(): void {
    const { running } = this;
    if (running === null) return;
    running.cause ??= 'lost';
    running.command.signal('SIGKILL');
    this.condition.look();
  }

  // ---- the life of it ----

  /** Resolves to the exit code. `keepsLease`: a process of the command would not die, so nothing may be released. */
  async run(): Promise<{ readonly code: number; readonly keepsLease: boolean }> {
    const { election, options } = this.parts;
    election.join().catch((error: unknown) => {
      this.joinError = error;
      this.condition.look();
    });
    for (;;) {
      const outcome = (await this.standBy()) ?? (await this.reign());
      if (outcome === 'standby') continue;
      if (outcome === 'stuck') return { code: options.lostCode, keepsLease: true };
      await this.leave();
      return { code: outcome, keepsLease: false };
    }
  }

  /** Resolves to null when this member is master, else to an exit code. */
  private async standBy(): Promise<number | null> {
    const { options, election, clock } = this.parts;
    const over = { is: false };
    const watches = [this.watchSuccess(over), ...(options.wait === 0 ? [this.watchBusy(over)] : [])];
    // Without a time to wait, a lease that is free is still waited for until this member has claimed it.
    const until = options.wait === 0 ? Number.POSITIVE_INFINITY : clock.now() + options.wait;
    const isOver = (): boolean =>
      over.is || this.asked !== null || this.succeeded || this.joinError !== undefined || election.term !== null;
    await this.condition.until(isOver, until);
    const isTimeOver = over.is;
    over.is = true;
    this.condition.look();
    await Promise.all(watches);
    if (this.asked !== null) return signalCode(this.asked.signal);
    if (this.joinError !== undefined) throw this.joinError;
    if (this.succeeded) return this.skips();
    if (election.term !== null && !isTimeOver) return null;
    return this.connected ? options.busyCode : execExits.unavailable;
  }

  private skips(): number {
    this.parts.tell({ event: 'succeeded', key: this.parts.options.once ?? '' });
    return 0;
  }

  /** Looks whether another member has done what is to be done once. */
  private async watchSuccess(over: { readonly is: boolean }): Promise<void> {
    const { options, election, clock } = this.parts;
    if (options.once === null) return;
    while (!over.is && !this.succeeded) {
      this.succeeded = await election.hasSucceeded(options.once).catch(() => false);
      this.condition.look();
      await this.condition.until(() => over.is, clock.now() + SUCCESS_LOOK_MS);
    }
  }

  /** Looks, until this member is master, whether another one is, or the store cannot be reached. */
  private async watchBusy(over: { is: boolean }): Promise<void> {
    const { election, clock, times } = this.parts;
    const longest = clock.now() + 2 * times.ttl;
    while (!over.is) {
      const isBusy = this.connected ? await election.isBusy().catch(() => false) : this.storeFailed;
      if (over.is) return;
      if (election.term === null && (isBusy || (this.connected && clock.now() > longest))) {
        over.is = true;
        return this.condition.look();
      }
      await this.condition.until(() => over.is, clock.now() + LOOK_MS);
    }
  }

  private async reign(): Promise<Outcome | 'stuck'> {
    const { options, election, clock, tell } = this.parts;
    const restarts = new Restarts(options.restart, options.restartMax);
    const { term } = election;
    if (term === null) return 'standby';
    tell({ event: 'acquired', term, member: election.member });
    for (let attempt = 1; ; attempt += 1) {
      const early = await this.mayStart(term);
      if (early !== null) return early;
      const startedAt = clock.now();
      const exit = await this.attempt({ term, attempt, member: election.member });
      if (typeof exit !== 'object') return exit;
      const code = exitCode(exit);
      if (this.asked !== null) return code;
      if (code === 0 && options.once !== null) return this.record(options.once, term);
      const delay = restarts.next(code, clock.now() - startedAt);
      if (delay === null) return code;
      tell({ event: 'restart', delay });
      await this.condition.until(() => this.asked !== null || election.term !== term, clock.now() + delay);
    }
  }

  /** Resolves to null when the lease lasts long enough, and what is to be done once was not done by another member. */
  private async mayStart(term: number): Promise<Outcome | null> {
    const { options, election, clock, times } = this.parts;
    for (;;) {
      if (this.asked !== null) return signalCode(this.asked.signal);
      if (election.term !== term) return 'standby';
      const hasRoom = election.remaining > times.ttl / 2;
      if (hasRoom && options.once === null) return null;
      // Read only as master: what the last one has put on record is seen now.
      const done = hasRoom ? await election.hasSucceeded(options.once ?? '').catch(() => undefined) : undefined;
      if (done === true) return this.skips();
      if (done === false && election.term === term && this.asked === null) return null;
      await this.condition.until(() => this.asked !== null || election.term !== term, clock.now() + LOOK_MS);
    }
  }

  /** Runs the command once, to the end of its group. Resolves to how it ended, or to what comes of it otherwise. */
  private async attempt(attempt: Attempt): Promise<Exit | Outcome | 'stuck'> {
    const { ready, start, options } = this.parts;
    const command = await start(attempt).catch((error: Error) => {
      this.warn(`the command was not started: ${error.message}`);
      return null;
    });
    if (command === null) return execExits.notStarted;
    const state = { cause: null, wasLate: false, hasBegun: false, hasEnded: false, isStuck: false };
    const running: Running = { command, term: attempt.term, time: this.watchTime(), ...state };
    this.running = running;
    try {
      if (!(await this.mayGo(running))) return await this.callOff(running);
      running.hasBegun = true;
      command.go();
      ready(command.pid);
      this.parts.tell({ event: 'started', term: attempt.term, pid: command.pid, attempt: attempt.attempt });
      const exit = await this.whenEnded(running);
      if (exit === null) return this.stuck(running);
      running.hasEnded = true;
      ready(null);
      this.parts.tell({ event: 'exited', term: attempt.term, pid: command.pid, ...exit });
      if ((await this.clear(running)) === 'stuck') return this.stuck(running);
      const escaped = options.escapees === 'warn' ? command.escaped() : [];
      if (escaped.length > 0) this.warn(escapedText(escaped));
      // The guard may have ended it while this whole process was stopped, and no news tell that.
      const wasKilled = exit.signal === 'SIGKILL' && running.wasLate;
      if (this.parts.election.term !== attempt.term || wasKilled) running.cause ??= 'lost';
      if (running.cause === 'lease' || running.cause === 'lost') return this.hasLost(running, running.cause);
      if (running.cause === 'drain' && this.asked === null) return 'standby';
      return exit;
    } finally {
      running.time.stop();
      ready(null);
      this.running = null;
    }
  }

  private watchTime(): TimeOver {
    const { clock, election, times } = this.parts;
    return new TimeOver({ clock, remaining: () => election.remaining, signalBefore: times.signalBefore });
  }

  /** Go or no-go: no command begins before the guard knows its group, nor after the lease is at risk, or a stop was asked for. */
  private async mayGo(running: Running): Promise<boolean> {
    const { election, options, times, clock } = this.parts;
    const { pid, start, marker } = running.command;
    const group: OwnedGroup = {
      number: pid,
      start,
      ...(options.escapees === 'kill' ? { marker } : {}),
      signal: options.stopSignal ?? 'SIGTERM',
      killAfter: options.killAfter,
      signalBefore: times.signalBefore,
      killBefore: times.killBefore,
    };
    let isOwned: boolean | undefined;
    election
      .own(group)
      .catch(() => false)
      .then((owned) => {
        isOwned = owned;
        this.condition.look();
      });
    await this.condition.until(() => isOwned !== undefined || this.asked !== null, clock.now() + GUARD_MS);
    return isOwned === true && this.asked === null && running.cause === null && this.holds(running.term);
  }

  /** Reads the lease in shared memory, as the last thing before the command begins. */
  private holds(term: number): boolean {
    const { election, times } = this.parts;
    return election.term === term && election.remaining > times.signalBefore;
  }

  private hasLost({ term }: Running, cause: 'lease' | 'lost'): number {
    const reason =
      cause === 'lease' ? 'no beat was confirmed in time' : 'another member is master, or its time was over';
    this.parts.tell({ event: 'lost', term, reason });
    return this.parts.options.lostCode;
  }

  private async callOff(running: Running): Promise<Outcome | 'stuck'> {
    const { election, clock } = this.parts;
    running.command.cancel();
    await running.command.ended;
    if ((await this.clear(running)) === 'stuck') return this.stuck(running);
    if (this.asked !== null) return signalCode(this.asked.signal);
    if (election.term === running.term && running.cause === null) {
      this.warn('the command was not started: the guard of this process did not answer in time');
      return execExits.notStarted;
    }
    // A mastership that is being given up may look like one for a moment.
    await this.condition.until(() => this.asked !== null, clock.now() + LOOK_MS);
    return 'standby';
  }

  /** Resolves to null if the process would not die. */
  private async whenEnded(running: Running): Promise<Exit | null> {
    let exit: Exit | null = null;
    void running.command.ended.then((how) => {
      exit = how;
      running.wasLate = running.time.happened();
      this.condition.look();
    });
    await this.condition.until(() => exit !== null || running.isStuck);
    return exit;
  }

  /** Ends what the command has left in its group. */
  private async clear({ command }: Running): Promise<GroupEnd> {
    const { election } = this.parts;
    try {
      const end = await election.end(command.pid, null, null);
      if (end === 'gone') command.gone();
      return end;
    } catch (error) {
      // Without a coordinator the guard does it, and this thread.
      command.signal('SIGKILL');
      if (!(error instanceof FailoverError)) throw error;
      return 'gone';
    }
  }

  private endRunning(signal: NodeJS.Signals, patience: number): void {
    const { running } = this;
    if (running === null || !running.hasBegun) return;
    const { election } = this.parts;
    election.end(running.command.pid, signal, patience).then(
      (end) => {
        running.isStuck ||= end === 'stuck';
        this.condition.look();
      },
      () => running.command.signal('SIGKILL'),
    );
  }

  private stuck({ command }: Running): 'stuck' {
    this.warn(
      `process group ${command.pid} was killed and still lives, so the lease is not released`,
      'ERR_WORK_NOT_STOPPED',
    );
    return 'stuck';
  }

  /** Puts the success on record before the lease is released. */
  private async record(key: string, term: number): Promise<number> {
    const { election, clock, tell, options } = this.parts;
    for (let last = ''; ; ) {
      const failure = await election.recordSuccess(key, term).then(
        () => null,
        (error: Error) => error.message,
      );
      if (failure === null) {
        tell({ event: 'succeeded', key, term });
        return 0;
      }
      if (failure !== last) this.warn(`the command succeeded, and its success is not on record yet: ${failure}`);
      last = failure;
      if (election.term !== term || this.impatient) {
        this.warn(`the success of ${key} is not on record, so the command is run again by the next master`);
        return options.lostCode;
      }
      await this.condition.until(() => this.impatient || election.term !== term, clock.now() + SUCCESS_LOOK_MS);
    }
  }

  private async leave(): Promise<void> {
    const { election, clock, tell } = this.parts;
    const holds = election.term !== null;
    const patience = Math.max(LEAVE_MS, election.remaining);
    let hasLeft = false;
    election
      .leave()
      .catch(() => {})
      .then(() => {
        hasLeft = true;
        this.condition.look();
      });
    const before = this.impatient;
    await this.condition.until(() => hasLeft || (this.impatient && !before), clock.now() + patience);
    if (holds && hasLeft) tell({ event: 'released' });
  }

  private warn(text: string, code?: string): void {
    this.parts.tell({ event: 'warning', text, ...(code === undefined ? {} : { code }) });
  }
}
