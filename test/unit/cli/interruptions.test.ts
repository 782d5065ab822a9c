import { EventEmitter } from 'node:events';
import { beforeEach, expect, test } from 'vitest';
import { Interrupted, type Interruptible, interruptions } from '../../../src/cli/interruptions.ts';

class FakeProcess extends EventEmitter implements Interruptible {
  exitCode: number | undefined;
  readonly stdout = new FakeStream();
  readonly stderr = new FakeStream();
  readonly exits: number[] = [];

  exit(code: number): void {
    this.exits.push(code);
  }
}

class FakeStream extends EventEmitter {
  written = '';

  write(text: string): boolean {
    this.written += text;
    return true;
  }
}

let program: FakeProcess;
let now: number;
let signal: AbortSignal;

beforeEach(() => {
  program = new FakeProcess();
  now = 5000;
  signal = interruptions(program, () => now);
});

const fails = (code: string): Error => Object.assign(new Error(`write ${code}`), { code });

test.each([
  ['SIGHUP', 129],
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGBREAK', 149],
])('%s aborts with exit code %i', (name, code) => {
  program.emit(name);
  expect([signal.aborted, program.exitCode, program.exits]).toEqual([true, code, []]);
  expect(signal.reason).toBeInstanceOf(Interrupted);
});

test('the same signal once more is what a package manager passes on, and later what the user asks', () => {
  program.emit('SIGINT');
  now += 1000;
  program.emit('SIGINT');
  expect(program.exits).toEqual([]);
  now += 1;
  program.emit('SIGTERM');
  expect(program.exits).toEqual([143]);
});

test('a broken pipe aborts without a word, however often it is told', () => {
  for (const code of ['EPIPE', 'EPIPE', 'ERR_STREAM_DESTROYED']) program.stdout.emit('error', fails(code));
  expect([signal.aborted, program.exitCode, program.stderr.written]).toEqual([true, 141, '']);
});

test('another failure of stdout is said', () => {
  program.stdout.emit('error', fails('ENOSPC'));
  expect([signal.aborted, program.exitCode]).toEqual([true, 1]);
  expect(program.stderr.written).toContain('write ENOSPC');
});

test('stderr may break', () => {
  program.stderr.emit('error', fails('EPIPE'));
  expect([signal.aborted, program.exitCode]).toEqual([false, undefined]);
});
