/** What a signal does: a process, a clock and services that are played. The suite of processes has real ones. */
import { EventEmitter } from 'node:events';
import { constants } from 'node:os';
import { describe, expect, test } from 'vitest';
import { FailoverError } from '../../../src/errors.ts';
import { installOn, type SignalTarget } from '../../../src/facade/signalHandlers.ts';
import { CLOSE_TIMEOUT_MS } from '../../../src/options/signals.ts';

interface Timer {
  readonly at: number;
  readonly callback: () => void;
  unreffed: boolean;
  unref(): void;
}

/** A process that writes down how it would end, with a clock that the test moves. */
class Played extends EventEmitter implements SignalTarget {
  exitCode: number | undefined;
  isMainThread = true;
  readonly exits: (number | undefined)[] = [];
  readonly told: string[] = [];
  readonly stderr = { write: (text: string) => this.told.push(text) };
  readonly timers = new Set<Timer>();
  private now = 0;
  readonly target = this;
  readonly time = {
    monotonic: () => BigInt(this.now) * 1_000_000n,
    wall: () => this.now,
    setTimeout: (callback: () => void, delay: number): NodeJS.Timeout => {
      const timer: Timer = {
        at: this.now + delay,
        callback,
        unreffed: false,
        unref: () => {
          timer.unreffed = true;
        },
      };
      this.timers.add(timer);
      return timer as unknown as NodeJS.Timeout;
    },
    clearTimeout: (timer: NodeJS.Timeout | undefined) => {
      this.timers.delete(timer as unknown as Timer);
    },
    setInterval: () => expect.unreachable('no interval is needed'),
    clearInterval: () => {},
  };

  exit(code?: number): void {
    this.exits.push(code ?? this.exitCode);
  }

  pass(ms: number): void {
    this.now += ms;
    for (const timer of [...this.timers]) {
      if (timer.at > this.now) continue;
      this.timers.delete(timer);
      timer.callback();
    }
  }
}

/** All that is to happen without a further signal or time has happened. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function held() {
  let resolve: () => void = () => {};
  let reject: (error: Error) => void = () => {};
  const promise = new Promise<void>((done, fail) => {
    [resolve, reject] = [done, fail];
  });
  return { promise, resolve, reject };
}

/** A service whose close ends when the test says so. */
function heldService() {
  const { promise, resolve, reject } = held();
  let calls = 0;
  const close = (): Promise<void> => {
    calls += 1;
    return promise;
  };
  return { close, release: resolve, fail: reject, calls: () => calls };
}

describe('the first signal', () => {
  test.each(['SIGTERM', 'SIGINT'])(
    '%s closes the service, and then ends the process without a code',
    async (signal) => {
      const program = new Played();
      const service = heldService();
      installOn(service, undefined, program);
      program.emit(signal);
      await settled();
      expect([service.calls(), program.exits]).toEqual([1, []]);
      service.release();
      await settled();
      expect([program.exits, program.told, program.timers.size]).toEqual([[undefined], [], 0]);
    },
  );

  test('leaves the code that the program has set', async () => {
    const program = new Played();
    program.exitCode = 7;
    installOn({ close: async () => {} }, undefined, program);
    program.emit('SIGTERM');
    await settled();
    expect(program.exits).toEqual([7]);
  });

  test('closes all services at once, each once, and ends the process after the last', async () => {
    const program = new Played();
    const [first, second] = [heldService(), heldService()];
    installOn([first, second, first], undefined, program);
    program.emit('SIGTERM');
    await settled();
    first.release();
    await settled();
    expect([first.calls(), second.calls(), program.exits]).toEqual([1, 1, []]);
    second.release();
    await settled();
    expect(program.exits).toHaveLength(1);
  });

  test('calls what comes before the close and what comes after it, with its name', async () => {
    const program = new Played();
    const order: string[] = [];
    const { promise, resolve } = held();
    const options = {
      before: (signal: string) => order.push(`before ${signal}`),
      after: async (signal: string) => {
        order.push(`after ${signal}`);
        await promise;
      },
    };
    installOn({ close: async () => void order.push('close') }, options, program);
    program.emit('SIGINT');
    await settled();
    expect([order, program.exits]).toEqual([['before SIGINT', 'close', 'after SIGINT'], []]);
    resolve();
    await settled();
    expect(program.exits).toHaveLength(1);
  });

  test('ends no process with exit: false, and its limit keeps none alive', async () => {
    const program = new Played();
    const service = heldService();
    installOn(service, { exit: false }, program);
    program.emit('SIGTERM');
    await settled();
    expect([...program.timers].map(({ unreffed }) => unreffed)).toEqual([true]);
    service.release();
    await settled();
    expect([program.exits, program.exitCode]).toEqual([[], undefined]);
  });
});

describe('what fails', () => {
  const boom = () => {
    throw new Error('boom mongodb://user:secret@host');
  };

  test.each([
    ['before', { before: boom }],
    ['after', { after: boom }],
    ['after, later', { after: async () => boom() }],
  ])('in %s keeps nothing from being closed, and ends with 1 and a text without secrets', async (_, options) => {
    const program = new Played();
    const service = heldService();
    service.release();
    const done: string[] = [];
    installOn(service, { after: () => done.push('after'), ...options }, program);
    program.emit('SIGTERM');
    await settled();
    expect([service.calls(), program.exits]).toEqual([1, [1]]);
    expect(program.told.join('')).toMatch(/^mongo-failover: the close at SIGTERM failed: boom .*\n$/);
    expect(program.told.join('')).not.toContain('secret');
    if ('before' in options) expect(done).toEqual(['after']);
  });

  test('in one close leaves the others, and what comes after', async () => {
    const program = new Played();
    const [bad, good] = [heldService(), heldService()];
    const done: string[] = [];
    installOn([bad, good], { after: () => done.push('after') }, program);
    program.emit('SIGTERM');
    bad.fail(new FailoverError('ERR_STORE', 'it is full'));
    await settled();
    expect([done, program.exits]).toEqual([[], []]);
    good.release();
    await settled();
    expect([done, program.exits]).toEqual([['after'], [1]]);
    expect(program.told).toEqual(['mongo-failover: the close at SIGTERM failed: it is full (ERR_STORE)\n']);
  });

  test('with exit: false is the exit code, and ends nothing', async () => {
    const program = new Played();
    installOn({ close: boom }, { exit: false }, program);
    program.emit('SIGTERM');
    await settled();
    expect([program.exits, program.exitCode]).toEqual([[], 1]);
  });

  test.each([true, false])('by hanging is ended by the limit, with exit: %s', async (exit) => {
    const program = new Played();
    installOn(heldService(), { exit }, program);
    program.emit('SIGTERM');
    await settled();
    program.pass(CLOSE_TIMEOUT_MS - 1);
    expect(program.exits).toEqual([]);
    program.pass(1);
    expect(program.exits).toEqual([1]);
    expect(program.told.join('')).toMatch(/has not ended within 28000 ms; the process ends now/);
  });
});

describe('a second signal', () => {
  test.each(['SIGTERM', 'SIGINT'] as const)('%s ends at once, with its number', async (signal) => {
    const program = new Played();
    const service = heldService();
    installOn(service, undefined, program);
    program.emit(signal);
    program.pass(1001);
    program.emit(signal);
    expect(program.exits).toEqual([128 + constants.signals[signal]]);
    await settled();
    expect(service.calls()).toBe(1);
  });

  test('of the same name is an echo for a second, and one of another name is none', () => {
    const program = new Played();
    installOn(heldService(), undefined, program);
    program.emit('SIGINT');
    program.pass(1000);
    program.emit('SIGINT');
    expect(program.exits).toEqual([]);
    program.emit('SIGTERM');
    expect(program.exits).toEqual([143]);
  });
});

describe('the handlers', () => {
  test('are there once: a second call is refused and changes nothing', () => {
    const program = new Played();
    const remove = installOn(heldService(), undefined, program);
    expect(() => installOn(heldService(), undefined, program)).toThrow(
      expect.objectContaining({ name: 'StateError', code: 'ERR_ALREADY_RUNNING' }),
    );
    expect(program.listenerCount('SIGTERM')).toBe(1);
    remove();
    remove();
    expect(program.listenerCount('SIGTERM')).toBe(0);
    // Removed twice, the second of these must not be lost.
    const again = installOn(heldService(), undefined, program);
    remove();
    expect(program.listenerCount('SIGTERM')).toBe(1);
    again();
  });

  test('leave those of others alone, also when they are removed', () => {
    const program = new Played();
    let heard = 0;
    program.on('SIGTERM', () => (heard += 1));
    const remove = installOn(heldService(), undefined, program);
    program.emit('SIGTERM');
    remove();
    program.emit('SIGTERM');
    expect([heard, program.listenerCount('SIGTERM')]).toEqual([2, 1]);
  });

  test('that are removed while they close end nothing, not by their limit either', async () => {
    const program = new Played();
    const service = heldService();
    const remove = installOn(service, undefined, program);
    program.emit('SIGTERM');
    remove();
    program.pass(CLOSE_TIMEOUT_MS);
    service.release();
    await settled();
    expect(program.exits).toEqual([]);
  });

  test('are for the signals that are named, each once', () => {
    const program = new Played();
    installOn(heldService(), { signals: ['SIGHUP', 'SIGHUP', 'SIGUSR2'] }, program);
    expect(['SIGHUP', 'SIGUSR2', 'SIGTERM', 'SIGINT'].map((name) => program.listenerCount(name))).toEqual([1, 1, 0, 0]);
  });
});

describe('what is refused', () => {
  const service = { close: async () => {} };
  test.each([
    [undefined, undefined, 'needs what failover() has returned'],
    [[], undefined, 'at least one service'],
    [[service, {}], undefined, 'needs what failover() has returned'],
    [service, { signals: [] }, 'signals must be a list'],
    [service, { signals: 'SIGTERM' }, 'signals must be a list'],
    [service, { signals: ['SIGTREM'] }, '"SIGTREM", which is no signal'],
    [service, { signals: ['toString'] }, 'which is no signal'],
    [service, { signals: [15] }, 'which is no signal'],
    [service, { signals: ['SIGKILL'] }, 'which no process can handle'],
    [service, { exit: 1 }, 'exit must be true or false'],
    [service, { timeout: 0 }, 'timeout must be a number'],
    [service, { timeout: Number.POSITIVE_INFINITY }, 'timeout must be a number'],
    [service, { after: 'server' }, 'after must be a function'],
    [service, { singals: [] }, 'did you mean signals'],
    [service, 'SIGTERM', 'The options must be an object'],
  ])('%j with %j', (services, options, text) => {
    const program = new Played();
    expect(() => installOn(services, options, program)).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_OPTION', message: expect.stringContaining(text) }),
    );
    expect(program.eventNames()).toEqual([]);
  });

  test('a worker thread, which no signal reaches', () => {
    const program = new Played();
    program.isMainThread = false;
    expect(() => installOn(service, undefined, program)).toThrow('call installSignalHandlers() there');
  });
});
