/**
 * A process that is killed: its guard releases its lease, and the next member does not wait. That one runs among processes of
 * its own, as on another machine, so it sees nothing of the death. The intervals are so long that a lease which is left to
 * expire would outlast the test.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import type { StoreOptions } from '../../src/options/options.ts';
import type { Lease } from '../../src/store/store.ts';
import { mayGroupLive } from '../../src/surroundings/processIdentity.ts';
import { createStore } from '../support/builtStore.ts';
import { guardsOf, parentOf } from '../support/guards.ts';
import { ownNamespace } from '../support/ownNamespace.ts';
import { Program } from '../support/program.ts';
import { settledStore } from '../support/settledStore.ts';
import { stores } from '../support/stores.ts';

const program = fileURLToPath(new URL('./fixtures/guardedMember.mjs', import.meta.url));
const intervals = { MASTER: 20_000, SLAVE: 300_000, TICKING: 300_000, POLL: 50 };
/** On a machine that others keep busy, in ms. */
const PATIENCE = { timeout: 30_000, interval: 20 };

interface World {
  readonly store: StoreOptions;
  readonly options: object;
}

async function settledWorld(name: string): Promise<World> {
  const { store, options } = await settledStore(name);
  return { store, options: { ...options, intervals } };
}

async function connect(options: StoreOptions) {
  const store = createStore(options, { commandTimeout: 10_000 });
  await store.open();
  return Object.assign(store, { [Symbol.asyncDispose]: () => store.close() });
}

async function leaseIn({ store }: World): Promise<Lease | null | undefined> {
  await using connection = await connect(store);
  const [seen] = await connection.observe([{ name: 'guarded', tip: 0 }]);
  return seen?.lease;
}

/** A process with a guard, which is master. */
async function startWard({ options }: World): Promise<Program> {
  const ward = new Program([program, JSON.stringify({ options: { ...options, guard: true } })], process.env);
  onTestFinished(async () => {
    const guards = guardsOf(ward.pid);
    await ward.end();
    await Promise.all(guards.map(ends));
  });
  await ward.line(/^state master 1$/);
  return ward;
}

/** A member that does not see the processes of the others. */
async function startNext({ options }: World): Promise<Program> {
  const next = new Program(
    [...ownNamespace(), process.execPath, program, JSON.stringify({ options })],
    process.env,
    'unshare',
  );
  onTestFinished(() => next.end());
  await next.line(/^state (slave|master) /);
  return next;
}

/** The one guard that it has, or has soon, and that is not `before`. */
async function guardOf(ward: Program, before = 0): Promise<number> {
  return vi.waitFor(() => {
    const guards = guardsOf(ward.pid);
    expect(guards, ward.lines.join()).toHaveLength(1);
    expect(guards).not.toContain(before);
    return guards[0] ?? 0;
  }, PATIENCE);
}

/** Resolves when the process has ended. */
async function ends(pid: number): Promise<void> {
  await vi.waitFor(() => expect(parentOf(pid)).toBeUndefined(), PATIENCE);
}

describe.each(stores)('on the store %s', (name) => {
  test('SIGKILL of the process releases its lease, and the guard ends', async () => {
    const world = await settledWorld(name);
    const ward = await startWard(world);
    const guard = await guardOf(ward);
    const next = await startNext(world);
    // What stops a service sends these to all of its processes; the last one kills the ward.
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.kill(guard, signal);
    ward.kill('SIGKILL');
    await next.line(/^state master 2$/);
    await ends(guard);
    expect(ward.lines).not.toContain('error ERR_GUARD_LOST');
  });

  test('the release is that of a holder that died', async () => {
    const world = await settledWorld(name);
    const ward = await startWard(world);
    const guard = await guardOf(ward);
    ward.kill('SIGKILL');
    await ends(guard);
    expect(await leaseIn(world)).toMatchObject({ term: 1, holder: null, died: true });
  });

  test('SIGKILL of both at once releases nothing', async () => {
    const world = await settledWorld(name);
    const ward = await startWard(world);
    const guard = await guardOf(ward);
    process.kill(guard, 'SIGKILL');
    ward.kill('SIGKILL');
    await Promise.all([ends(guard), ward.ended]);
    expect(guardsOf(ward.pid)).toEqual([]);
    const lease = await leaseIn(world);
    expect(lease?.holder).toEqual(expect.any(String));
  });
});

test('another guard takes the place of one that was killed', async () => {
  const world = await settledWorld('embedded');
  const ward = await startWard(world);
  const first = await guardOf(ward);
  process.kill(first, 'SIGKILL');
  await ward.line(/^error ERR_GUARD_LOST$/);
  const second = await guardOf(ward, first);
  const next = await startNext(world);
  ward.kill('SIGKILL');
  await next.line(/^state master 2$/);
  await ends(second);
});

test('a process that is stopped keeps its lease, and its guard', async () => {
  // The lock of the embedded store is not free if a process is stopped while it writes.
  const world = await settledWorld('mongodb');
  const ward = await startWard(world);
  const guard = await guardOf(ward);
  ward.kill('SIGSTOP');
  // It joins in more time than a guard needs for a release.
  const next = await startNext(world);
  expect(await leaseIn(world)).toMatchObject({ term: 1, holder: expect.any(String) });
  expect(next.lines.filter((line) => line.startsWith('state master'))).toEqual([]);
  ward.kill('SIGCONT');
  ward.kill('SIGUSR2');
  await ward.line(/^alive$/);
  expect(guardsOf(ward.pid)).toEqual([guard]);
});

test('close() ends the guard at once, while the process lives on', async () => {
  const world = await settledWorld('embedded');
  const ward = await startWard(world);
  const guard = await guardOf(ward);
  ward.kill('SIGTERM');
  await ward.line(/^closed$/);
  // Waited for, so nothing is left of it, no zombie either.
  expect(() => process.kill(guard, 0)).toThrow('ESRCH');
  expect(ward.isRunning).toBe(true);
  expect(ward.lines.filter((line) => line.startsWith('error'))).toEqual([]);
});

test('what the guard knows is neither on its command line nor in its environment', async () => {
  const world = await settledWorld('embedded');
  const ward = await startWard(world);
  const guard = await guardOf(ward);
  const { path } = world.store as { path: string };
  for (const file of ['cmdline', 'environ']) expect(readFileSync(`/proc/${guard}/${file}`, 'utf8')).not.toContain(path);
  // In a session of its own, with no file of its ward.
  const stat = readFileSync(`/proc/${guard}/stat`, 'utf8').split(') ')[1]?.split(' ');
  expect(stat?.slice(2, 4)).toEqual([`${guard}`, `${guard}`]);
});

test('groups of processes that the guard knows end with the ward', async () => {
  const { store } = await settledWorld('embedded');
  const ward = new Program(
    [fileURLToPath(new URL('./fixtures/wardWithGroup.mjs', import.meta.url)), JSON.stringify({ store })],
    process.env,
  );
  onTestFinished(() => ward.end());
  const [, number] = await ward.line(/^group (\d+)$/);
  const guard = await guardOf(ward);
  ward.kill('SIGKILL');
  await vi.waitFor(() => expect(mayGroupLive(Number(number))).toBe(false), PATIENCE);
  await ends(guard);
});
