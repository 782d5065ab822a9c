/**
 * The samples of the frameworks as they are deployed: two instances, and a SIGTERM for the one that works. Its running task
 * ends, the other one is master within one POLL, and the exit code is 0. The leases are so long that one which is left to
 * expire would outlast the test.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { ownNamespace } from '../support/ownNamespace.ts';
import { Program } from '../support/program.ts';
import { settle } from '../support/settled.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';
import { installed } from './install.ts';

const intervals = { MASTER: 20_000, SLAVE: 300_000, TICKING: 300_000, POLL: 10_000 };
/** Long enough for a signal to come before it is done. */
const TASK_MS = 1500;

async function settledEnvironment(): Promise<NodeJS.ProcessEnv> {
  const state = await temporaryFolder();
  await settle({ kind: 'embedded', path: join(state, 'mongo-failover') });
  const { MONGODB_URI: _, ...env } = process.env;
  const ports = { PORT: '0', LIGHTSHIP_PORT: '0', SHUTDOWN_DELAY: '0' };
  return { ...env, ...ports, XDG_STATE_HOME: state, INTERVALS: JSON.stringify(intervals) };
}

function start(sample: string, env: NodeJS.ProcessEnv, before: readonly string[] = []): Program {
  const args = [...before, process.execPath, join(installed, 'dist', `${sample}.js`)];
  const program = new Program(args.slice(1), env, args[0]);
  onTestFinished(() => program.end());
  return program;
}

/** Waits until the master has told that it stopped, and until the next is master by that; checks that this was within one POLL. */
async function handedOver(master: Program, next: Program, term: number): Promise<void> {
  await master.line(/^state master -> stopped/);
  const released = performance.now();
  await next.line(new RegExp(`^state \\w+ -> master, term ${term},`));
  expect(performance.now() - released).toBeLessThan(intervals.POLL);
}

async function submit(program: Program, id: string, ms: number): Promise<void> {
  const [, port] = await program.line(/^listening on port (\d+)$/);
  const { status } = await fetch(`http://localhost:${port}/tasks/${id}?ms=${ms}`, { method: 'POST' });
  expect([201, 202]).toContain(status);
}

test.each(['http', 'express', 'fastify', 'nestjs', 'terminus', 'lightship'])(
  '%s: SIGTERM lets the running task end, hands over, and ends the process with 0',
  async (sample) => {
    const env = await settledEnvironment();
    const master = start(sample, env);
    await master.line(/^state \w+ -> master, term 1,/);
    const next = start(sample, env);
    await next.line(/^state \w+ -> slave/);
    // By the standby: any instance takes tasks.
    await submit(next, 'first', TASK_MS);
    await master.line(/^begin first, term 1$/);
    master.kill('SIGTERM');
    await handedOver(master, next, 2);
    expect(await master.ended).toEqual({ code: 0, signal: null });
    expect(master.lines).toContain('done first');
    await submit(next, 'second', 0);
    await next.line(/^begin second, term 2$/);
    await next.line(/^done second$/);
    expect(next.lines).not.toContain('begin first, term 2');
    next.kill('SIGTERM');
    expect(await next.ended).toEqual({ code: 0, signal: null });
  },
);

test('as PID 1 of a container, where only signals that are handled come', async () => {
  const env = await settledEnvironment();
  const master = start('http', env, ['unshare', ...ownNamespace()]);
  await master.line(/^state \w+ -> master, term 1,/);
  const next = start('http', env);
  await next.line(/^state \w+ -> slave/);
  await submit(next, 'first', TASK_MS);
  await master.line(/^begin first, term 1$/);
  const children = readFileSync(`/proc/${master.pid}/task/${master.pid}/children`, 'utf8');
  process.kill(Number(children.trim()), 'SIGTERM');
  await handedOver(master, next, 2);
  expect(await master.ended).toEqual({ code: 0, signal: null });
  expect(master.lines).toContain('done first');
});

test('node-cron: jobs run on the master alone, and go on under the next', async () => {
  const env = await settledEnvironment();
  const master = start('nodeCron', env);
  await master.line(/^run .*, term 1$/);
  const next = start('nodeCron', env);
  await next.line(/^state \w+ -> slave/);
  await master.line(/^run /, master.lines.length);
  master.kill('SIGTERM');
  await handedOver(master, next, 2);
  expect(await master.ended).toEqual({ code: 0, signal: null });
  await next.line(/^run .*, term 2$/);
  const runs = [...master.lines, ...next.lines].filter((line) => line.startsWith('run '));
  const slots = runs.map((line) => line.slice(0, 'run 2000-01-01T00:00:00'.length));
  expect(slots).toEqual([...new Set(slots)]);
  expect(next.lines.filter((line) => /^run .*, term (?!2$)/.test(line))).toEqual([]);
});

describe('NestJS', () => {
  test('calls what is for the master and for standbys, and runs jobs on the master alone', async () => {
    const env = await settledEnvironment();
    const master = start('nestjs', env);
    await master.line(/^begins as master of billing$/);
    const next = start('nestjs', env);
    await next.line(/^rests$/);
    await master.line(/^clean$/);
    await master.line(/^clean$/, master.lines.length);
    expect(next.lines).not.toContain('clean');
    // By a function with what is injected, wherever it was submitted.
    await submit(next, 'alice', 0);
    const mailed = /^mail to alice$/;
    await Promise.any([master.line(mailed), next.line(mailed)]);
    master.kill('SIGTERM');
    await next.line(/^begins as master of billing$/);
    await next.line(/^clean$/);
    await master.ended;
    // Also when the mastership ends by the shutdown.
    const at = (text: string): number => master.lines.lastIndexOf(text);
    expect(at('rests')).toBeGreaterThan(at('begins as master of billing'));
    expect(at('clean')).toBeLessThan(at('rests'));
  });

  test('without shutdown hooks it warns that SIGTERM reaches nothing', async () => {
    const program = start('nestjs', { ...(await settledEnvironment()), NO_HOOKS: '1', NO_COLOR: '1' });
    const warning = /FailoverModule.*call app\.enableShutdownHooks\(\)/;
    // NestJS warns on stdout.
    await expect.poll(() => program.stdout, { timeout: 60_000 }).toMatch(warning);
    program.kill('SIGTERM');
    expect(await program.ended).toEqual({ code: null, signal: 'SIGTERM' });
  });
});
