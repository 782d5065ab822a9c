/**
 * Ends a process in order when it is told to. Signals belong to the process and not to one service, so this is a function of
 * its own, which closes all services that it is given and ends the process once, when the last of them is closed.
 */
import { constants } from 'node:os';
import { isMainThread } from 'node:worker_threads';
import { redact } from '../diagnostics/redact.js';
import { isArray, showKind } from '../diagnostics/showValue.js';
import { InvalidOptionError, StateError, toWire } from '../errors.js';
import { type ResolvedSignalOptions, resolveSignalOptions, type SignalOptions } from '../options/signals.js';
import { type Asked, isImpatient } from '../surroundings/repeatedSignals.js';
import { type Clocks, realTime, type Timers } from '../time/realTime.js';

/** As a shell has it, with the number of the signal. */
const BY_SIGNAL = 128;
const FAILED = 1;

/** Is what a signal closes: what `failover()` returns, as far as it is needed here. */
export interface Closable {
  /** Lets the running tasks end, and releases the leases. */
  close(): Promise<void>;
}

/** The part of `process` that this needs. */
export interface SignalTarget {
  exitCode?: number | string | null | undefined;
  on(signal: NodeJS.Signals, listener: () => void): unknown;
  off(signal: NodeJS.Signals, listener: () => void): unknown;
  exit(code?: number): void;
  readonly stderr: { write(text: string): unknown };
}

interface Parts {
  readonly target: SignalTarget;
  readonly time: Clocks & Timers;
  readonly isMainThread: boolean;
}

/** Those that have handlers of ours: a second set would end the process while the first still closes. */
const installed = new WeakSet<SignalTarget>();

/**
 * Has signals close services and then end the process, so another member is master within one POLL.
 *
 * The first signal closes them, which lets the running tasks end. A second one ends the process at once: its exit code is
 * 128 and the number of the signal. The same signal within a second is an echo, as npm and watchers send it, and is ignored.
 * Listeners of others are left alone.
 *
 * Exit codes: 0, or what `process.exitCode` says, when all was closed; 1 when something failed or took longer than `timeout`.
 *
 * @example
 * ```ts
 * import { failover, installSignalHandlers } from 'mongo-failover';
 *
 * const service = failover({ nodb: true });
 * installSignalHandlers(service); // first: a signal that comes before it is not handled
 * await new service.unmanaged('poller').run();
 * ```
 *
 * @param services What `failover()` has returned, or several of them.
 * @param options Which signals, and what else is to be done.
 * @returns How to remove the handlers. A close that has begun goes on, and ends no process.
 * @throws {@link InvalidOptionError} `ERR_INVALID_OPTION`: an argument or option is wrong, or this is not the main thread.
 * @throws {@link StateError} `ERR_ALREADY_RUNNING`: the process has such handlers already.
 */
export function installSignalHandlers(services: Closable | readonly Closable[], options?: SignalOptions): () => void {
  return installOn(services, options, { target: process, time: realTime, isMainThread });
}

/** The same, with everything around it handed in. */
export function installOn(services: unknown, options: unknown, parts: Parts): () => void {
  const closed = checkServices(services);
  const resolved = resolveSignalOptions(options);
  if (!parts.isMainThread) {
    const text = 'signals come to the main thread alone; call installSignalHandlers() there, not in a worker thread';
    throw new InvalidOptionError(text);
  }
  const { target } = parts;
  if (installed.has(target)) {
    const text = 'signal handlers are installed already; give all services to one call, or remove the first handlers';
    throw new StateError('ERR_ALREADY_RUNNING', text);
  }
  installed.add(target);
  const shutdown = new Shutdown(closed, resolved, parts);
  const listeners = resolved.signals.map((signal) => [signal, () => shutdown.signal(signal)] as const);
  for (const [signal, listener] of listeners) target.on(signal, listener);
  let removed = false;
  return () => {
    if (removed) return;
    removed = true;
    for (const [signal, listener] of listeners) target.off(signal, listener);
    installed.delete(target);
    shutdown.release();
  };
}

function checkServices(given: unknown): Closable[] {
  const services = listOf(given);
  if (services.length === 0) throw new InvalidOptionError('installSignalHandlers needs at least one service');
  for (const service of services) {
    const close: unknown = typeof service === 'object' && service !== null ? Reflect.get(service, 'close') : undefined;
    if (typeof close !== 'function') {
      const text = `installSignalHandlers needs what failover() has returned, or a list of it, not ${showKind(service)}`;
      throw new InvalidOptionError(text);
    }
  }
  return [...new Set(services as Closable[])];
}

function listOf(given: unknown): readonly unknown[] {
  return typeof given === 'object' && given !== null && isArray(given) ? [...(given as unknown[])] : [given];
}

class Shutdown {
  private asked: Asked | undefined;
  /** Once the handlers are removed, the process is ended by others. */
  private released = false;
  private limit: NodeJS.Timeout | undefined;

  constructor(
    private readonly services: readonly Closable[],
    private readonly options: ResolvedSignalOptions,
    private readonly parts: Parts,
  ) {}

  signal(signal: NodeJS.Signals): void {
    const { target, time } = this.parts;
    const now = Number(time.monotonic()) / 1e6;
    if (this.asked === undefined) {
      this.asked = { signal, at: now };
      void this.close(signal);
    } else if (isImpatient(this.asked, signal, now)) {
      target.exit(BY_SIGNAL + (constants.signals[signal] ?? 0));
    }
  }

  release(): void {
    this.released = true;
    this.parts.time.clearTimeout(this.limit);
  }

  /** Each step is done whatever became of those before it: a lease must be released even if a program has a bug in its own. */
  private async close(signal: NodeJS.Signals): Promise<void> {
    const { target, time } = this.parts;
    const { before, after, timeout, exit } = this.options;
    const hangs = (): void => this.end(`has not ended within ${timeout} ms; the process ends now`);
    // Of no weight where the process is left to end by itself.
    this.limit = time.setTimeout(hangs, timeout);
    if (!exit) this.limit.unref();
    const steps = [() => before(signal), ...this.services.map((service) => () => service.close())];
    const closed = await Promise.allSettled(steps.map(async (step) => step()));
    const last = await Promise.allSettled([(async () => after(signal))()]);
    time.clearTimeout(this.limit);
    const failed = [...closed, ...last].find((step) => step.status === 'rejected');
    if (failed === undefined) {
      if (exit && !this.released) target.exit();
      return;
    }
    const text = `failed: ${textOf(failed.reason)}`;
    if (exit) return this.end(text);
    this.tell(text);
    target.exitCode ||= FAILED;
  }

  private end(what: string): void {
    this.tell(what);
    if (!this.released) this.parts.target.exit(FAILED);
  }

  private tell(what: string): void {
    this.parts.target.stderr.write(`mongo-failover: the close at ${this.asked?.signal} ${redact(what)}\n`);
  }
}

function textOf(thrown: unknown): string {
  const { message, code } = toWire(thrown);
  return code === undefined ? message : `${message} (${code})`;
}
