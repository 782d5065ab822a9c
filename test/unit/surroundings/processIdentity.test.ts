import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, test } from 'vitest';
import {
  isAlive,
  mayGroupLive,
  type ProcessIdentity,
  processTable,
  type Sighting,
  thisProcess,
} from '../../../src/surroundings/processIdentity.ts';

const me: ProcessIdentity = { boot: 'b', namespace: 'pid:[1]', pid: 1, start: '100' };

describe('whether a process lives', () => {
  const cases: readonly (readonly [string, Partial<ProcessIdentity>, Sighting, boolean | undefined])[] = [
    ['it does', { pid: 5, start: '7' }, { start: '7' }, true],
    ['it does not', { pid: 5, start: '7' }, 'none', false],
    ['its id belongs to another one now', { pid: 5, start: '7' }, { start: '8' }, false],
    ['the system does not say when it started', { pid: 5, start: '' }, { start: '8' }, true],
    ['the system hides which process that is', { pid: 5, start: '7' }, 'hidden', true],
    ['the machine has been started since', { boot: 'a', namespace: 'pid:[2]', pid: 5 }, { start: '7' }, false],
    ['it counts process ids elsewhere', { namespace: 'pid:[2]', pid: 1, start: '100' }, { start: '100' }, undefined],
  ];
  test.each(cases)('%s', (_title, other, found, expected) => {
    expect(isAlive({ ...me, ...other }, me, { look: () => found })).toBe(expected);
  });
});

/** Resolves with the id that the shell prints, once the shell has become a program that never waits for a child. */
async function childOfOneThatNeverWaits(shell: ChildProcess): Promise<number> {
  const text = await new Promise<string>((resolve) => shell.stdout?.once('data', (data) => resolve(String(data))));
  // The shell itself would wait for a child that ends before then, and free its id.
  await expect.poll(() => readFileSync(`/proc/${shell.pid}/comm`, 'utf8')).toBe('tail\n');
  return Number(text);
}

describe('this system', () => {
  let child: ChildProcess | undefined;
  afterEach(() => child?.kill('SIGKILL'));

  test('knows this process', () => {
    const { boot, namespace, pid, start } = thisProcess();
    expect(boot).not.toBe('');
    expect(namespace).toContain('pid:[');
    expect(processTable.look(pid)).toEqual({ start });
    expect(processTable.look(pid, start)).toEqual({ start });
    expect(processTable.look(pid, 'another')).toEqual({ start });
    expect(isAlive(thisProcess(), thisProcess(), processTable)).toBe(true);
  });

  test('tells when a process is gone', async () => {
    child = spawn('sleep', ['100']);
    const { pid = 0 } = child;
    expect(processTable.look(pid)).toEqual({ start: expect.stringMatching(/^\d+$/) });
    child.kill('SIGKILL');
    await expect.poll(() => processTable.look(pid)).toBe('none');
  });

  test('tells that a process is stopped, and not gone', () => {
    child = spawn('sleep', ['100']);
    const { pid = 0 } = child;
    const running = processTable.look(pid);
    child.kill('SIGSTOP');
    expect(processTable.look(pid)).toEqual(running);
  });

  test('takes a process that has ended, and that its parent does not ask after, for gone', async () => {
    child = spawn('sh', ['-c', 'sleep 100 & echo $!; exec tail -f /dev/null'], { stdio: ['ignore', 'pipe', 'ignore'] });
    const other = await childOfOneThatNeverWaits(child);
    process.kill(other, 'SIGKILL');
    await expect.poll(() => processTable.look(other)).toBe('none');
    // It has a number still.
    expect(process.kill(other, 0)).toBe(true);
  });

  test('tells whether a process of a group is left, and counts none that has ended', async () => {
    // The child leads a group of its own.
    child = spawn('sh', ['-c', 'setsid sleep 100 & echo $!; exec tail -f /dev/null'], {
      stdio: ['ignore', 'pipe', 'ignore'],
      detached: true,
    });
    const { pid = 0 } = child;
    const other = await childOfOneThatNeverWaits(child);
    await expect.poll(() => [pid, other].map(mayGroupLive)).toEqual([true, true]);
    process.kill(-other, 'SIGKILL');
    await expect.poll(() => mayGroupLive(other)).toBe(false);
    expect(process.kill(-other, 0)).toBe(true);
    expect(mayGroupLive(pid)).toBe(true);
    process.kill(-pid, 'SIGKILL');
    await expect.poll(() => mayGroupLive(pid)).toBe(false);
  });
});
