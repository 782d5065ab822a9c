/** The small decisions of `mongo-failover exec`: exit codes, restarts, signals, and when a command is told to end. */
import { describe, expect, test } from 'vitest';
import { type ExecEvent, inJson, inWords } from '../../../src/exec/events.ts';
import { exitCode, signalCode } from '../../../src/exec/exitCodes.ts';
import { Restarts } from '../../../src/exec/restarts.ts';
import { handledSignals, isImpatient, roleOf } from '../../../src/exec/signals.ts';
import { scaledIntervals, timeLine } from '../../../src/exec/timeLine.ts';
import { resolveIntervals } from '../../../src/options/intervals.ts';

describe('the exit code', () => {
  test.each([
    [{ code: 0, signal: null }, 0],
    [{ code: 7, signal: null }, 7],
    [{ code: null, signal: 'SIGTERM' as const }, 143],
    [{ code: null, signal: 'SIGKILL' as const }, 137],
  ])('of %j is %i', (exit, code) => expect(exitCode(exit)).toBe(code));

  test('of a signal is that of a shell', () => {
    expect((['SIGHUP', 'SIGINT', 'SIGTERM'] as const).map(signalCode)).toEqual([129, 130, 143]);
  });
});

describe('a restart', () => {
  const delays = (restarts: Restarts, code: number, lives: readonly number[]) =>
    lives.map((lived) => restarts.next(code, lived));

  test('comes after a delay that doubles up to 30 s, and is short again after a minute of life', () => {
    const restarts = new Restarts('always', Number.POSITIVE_INFINITY);
    expect(delays(restarts, 0, [0, 0, 0, 0, 0, 0, 0])).toEqual([1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]);
    expect(delays(restarts, 0, [59_999, 60_000, 0])).toEqual([30_000, 1000, 2000]);
  });

  test('does not come by itself, nor after a success if only failures count', () => {
    expect(new Restarts('never', 9).next(1, 0)).toBeNull();
    expect(new Restarts('on-failure', 9).next(0, 0)).toBeNull();
    expect(new Restarts('on-failure', 9).next(1, 0)).toBe(1000);
  });

  test('comes so often, and after a minute of life as often again', () => {
    expect(delays(new Restarts('always', 2), 1, [0, 0, 0])).toEqual([1000, 2000, null]);
    expect(delays(new Restarts('always', 1), 1, [0, 60_000, 0])).toEqual([1000, 1000, null]);
    expect(new Restarts('always', 0).next(1, 0)).toBeNull();
  });
});

describe('a signal', () => {
  test('stops, is passed on, or is ignored', () => {
    const roles = (hasCommand: boolean) => handledSignals.map((signal) => `${signal} ${roleOf(signal, hasCommand)}`);
    expect(roles(true)).toEqual([
      'SIGINT stop',
      'SIGTERM stop',
      'SIGQUIT stop',
      ...['SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGWINCH', 'SIGCONT', 'SIGTSTP'].map((signal) => `${signal} forward`),
    ]);
    expect(roles(false)).toEqual([
      ...['SIGINT', 'SIGTERM', 'SIGQUIT', 'SIGHUP'].map((signal) => `${signal} stop`),
      ...['SIGUSR1', 'SIGUSR2', 'SIGWINCH', 'SIGCONT', 'SIGTSTP'].map((signal) => `${signal} ignore`),
    ]);
  });

  test('that comes again within a second is an echo; a later one, or another, is impatience', () => {
    const first = { signal: 'SIGINT', at: 5000 } as const;
    expect(isImpatient(first, 'SIGINT', 6000)).toBe(false);
    expect(isImpatient(first, 'SIGINT', 6001)).toBe(true);
    expect(isImpatient(first, 'SIGTERM', 5001)).toBe(true);
  });
});

describe('the times of a command', () => {
  const of = (failover: number, termBefore?: number) =>
    timeLine(resolveIntervals(scaledIntervals(failover)), termBefore);

  test('are 3.05 and 4.05 s after the last beat by default, and others claim after 4.5 s', () => {
    const { ttl, killBefore, signalBefore } = of(5000);
    expect([ttl, 0.95 * ttl - killBefore, 0.95 * ttl - signalBefore]).toEqual([4500, 4050, 3050]);
  });

  test('leave 12 s with a failover of 25 s', () => {
    const { ttl, killBefore, signalBefore } = of(25_000, 11_000);
    expect([ttl, 0.95 * ttl - killBefore, 0.95 * ttl - signalBefore]).toEqual([22_500, 21_125, 10_125]);
  });

  test('scale with the failover, and the signal comes as early as there is room', () => {
    expect(scaledIntervals(1000)).toEqual({ MASTER: 400, SLAVE: 500, TICKING: 400, POLL: 100 });
    const { killBefore, signalBefore } = of(1000);
    expect(killBefore).toBe(45);
    expect(signalBefore).toBeCloseTo(45 + (855 - 45 - 400) / 2);
  });

  test('without a time to end by itself are those of the kill', () => {
    const { killBefore, signalBefore } = of(5000, 0);
    expect(signalBefore).toBe(killBefore);
  });

  test('are refused if a healthy master would signal its command', () => {
    expect(() => of(5000, 2050)).toThrow(/--term-before \(2050 ms\) must be less than 2050 ms/);
    expect(() => of(5000, 2049)).not.toThrow();
  });
});

test('each event is a line of text and of JSON', () => {
  const events: ExecEvent[] = [
    { event: 'standby' },
    { event: 'acquired', term: 3, member: 'm' },
    { event: 'started', term: 3, pid: 7, attempt: 2 },
    { event: 'signal', signal: 'SIGTERM', cause: 'lease', pid: 7 },
    { event: 'exited', term: 3, pid: 7, code: null, signal: 'SIGTERM' },
    { event: 'exited', term: 3, pid: 7, code: 5, signal: null },
    { event: 'restart', delay: 2000 },
    { event: 'succeeded', key: 'k' },
    { event: 'succeeded', key: 'k', term: 3 },
    { event: 'lost', term: 3, reason: 'no beat was confirmed in time' },
    { event: 'released' },
    { event: 'stopping', signal: 'SIGINT' },
    { event: 'warning', text: 'careful', code: 'ERR_X' },
    { event: 'warning', text: 'careful' },
  ];
  expect(events.map(inWords)).toMatchInlineSnapshot(`
    [
      "standing by: another member is master, or nothing is known yet",
      "master under term 3",
      "started the command: process 7, attempt 2 of term 3",
      "SIGTERM to the command (the lease is about to end)",
      "the command ended: SIGTERM",
      "the command ended: exit code 5",
      "starts the command again in 2 s",
      "k has succeeded before: the command is not run",
      "k has succeeded, which is on record under term 3",
      "the lease of term 3 is lost: no beat was confirmed in time",
      "left the election",
      "stops at SIGINT",
      "ERR_X: careful",
      "careful",
    ]
  `);
  expect(inJson({ event: 'restart', delay: 1 }, 0)).toBe(
    '{"at":"1970-01-01T00:00:00.000Z","event":"restart","delay":1}',
  );
});
