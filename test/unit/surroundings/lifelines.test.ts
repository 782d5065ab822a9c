import { spawn } from 'node:child_process';
import { connect } from 'node:net';
import { afterEach, expect, test, vi } from 'vitest';
import { SocketLifelines, socketOf } from '../../../src/surroundings/lifelines.ts';
import type { ProcessIdentity } from '../../../src/surroundings/processIdentity.ts';

const ends: (() => void)[] = [];
afterEach(() => {
  for (const end of ends.splice(0)) end();
});

function identity(start: string): ProcessIdentity {
  return { boot: 'b', namespace: `pid:[${process.pid}]`, pid: 7, start };
}

function lifelinesOf(me: ProcessIdentity): SocketLifelines {
  const lifelines = new SocketLifelines(me);
  ends.push(() => lifelines.close());
  return lifelines;
}

test('tells that a process which was followed has let go of its socket', async () => {
  const ended = vi.fn();
  const there = lifelinesOf(identity('1'));
  const own = lifelinesOf(identity('2'));
  own.follow(identity('1'), ended);
  // Closed before the connection was made, it would be refused, which says nothing.
  await expect.poll(() => there.size).toBe(1);
  expect(ended).not.toHaveBeenCalled();
  there.close();
  await expect.poll(() => ended.mock.calls.length).toBe(1);
});

test('tells nothing of a process that does not listen, nor of one that is followed no more', async () => {
  const ended = vi.fn();
  const there = lifelinesOf(identity('1'));
  const own = lifelinesOf(identity('2'));
  own.follow(identity('3'), ended);
  const unfollow = own.follow(identity('1'), ended);
  await expect.poll(() => there.size).toBe(1);
  unfollow();
  await expect.poll(() => there.size).toBe(0);
  await expect.poll(() => own.size).toBe(0);
  expect(ended).not.toHaveBeenCalled();
});

test('hangs up on whoever sends something', async () => {
  lifelinesOf(identity('1'));
  const socket = connect(socketOf(identity('1')));
  const closed = vi.fn();
  socket.on('close', closed).on('error', () => {});
  socket.write('x'.repeat(1000));
  await expect.poll(() => closed.mock.calls.length).toBe(1);
});

test('goes on without a name that is taken, and where processes cannot be told apart', async () => {
  lifelinesOf(identity('1'));
  const second = lifelinesOf(identity('1'));
  const unknown = lifelinesOf({ boot: '', namespace: '', pid: 1, start: '' });
  second.follow(identity('4'), () => {});
  unknown.follow(identity('1'), () => expect.fail('nothing is followed'));
  await expect.poll(() => second.size).toBe(0);
});

test('hears that a process was killed', async () => {
  const program =
    "require('node:net').createServer(() => console.log('met')).listen('\\0' + process.argv[1], () => console.log('ready'))";
  const child = spawn(process.execPath, ['--eval', program, socketOf(identity('child')).slice(1)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  ends.push(() => child.kill('SIGKILL'));
  let said = '';
  child.stdout.on('data', (data) => {
    said += data;
  });
  await expect.poll(() => said).toContain('ready');
  const ended = vi.fn();
  lifelinesOf(identity('5')).follow(identity('child'), ended);
  await expect.poll(() => said).toContain('met');
  child.kill('SIGKILL');
  await expect.poll(() => ended.mock.calls.length).toBe(1);
});
