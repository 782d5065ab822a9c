/**
 * Real signals to processes that have the handlers of the package. The leases are so long that one which is left to expire
 * would outlast the test: the next master was handed the lease.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { temporaryFolder } from '../support/clusters.ts';
import { ownNamespace } from '../support/ownNamespace.ts';
import { Program } from '../support/program.ts';
import { settledStore } from '../support/settledStore.ts';
import { startMember } from '../support/startMember.ts';
import { stores } from '../support/stores.ts';

const program = fileURLToPath(new URL('./fixtures/signalledMember.mjs', import.meta.url));
const intervals = { MASTER: 20_000, SLAVE: 300_000, TICKING: 300_000, POLL: 10_000 };

/** A master at a task, with another one behind it, and the member after it. */
async function pair(store: string, told: object = {}) {
  const options = { ...(await settledStore(store)).options, intervals };
  const first = join(await temporaryFolder(), 'go');
  const master = startMember(program, { options, tasks: [first, 'second'], ...told });
  await master.line(/^begin /);
  const next = startMember(program, { options });
  await next.line(/^state slave/);
  return { first, master, next };
}

test.each(stores.flatMap((store) => [[store, 'SIGTERM'] as const, [store, 'SIGINT'] as const]))(
  'on the store %s, %s lets the running task end and hands over within one POLL, and the code is 0',
  async (store, signal) => {
    const { first, master, next } = await pair(store);
    master.kill(signal);
    // An echo, as npm and watchers send it.
    master.kill(signal);
    await master.line(/^state stopped/);
    const released = performance.now();
    await next.line(/^state master 2$/);
    expect(performance.now() - released).toBeLessThan(intervals.POLL);
    expect(await master.ended).toEqual({ code: 0, signal: null });
    const order = [`before ${signal}`, `done ${first}`, 'state stopped', `after ${signal}`, 'exit 0'];
    const at = order.map((text) => master.lines.findIndex((line) => line.startsWith(text)));
    expect(at).toEqual(at.toSorted((a, b) => a - b));
    expect(at[0]).toBeGreaterThan(0);
    // The other listener of the program is left alone; of the second signal Node may make one call or two.
    expect(master.lines.some((line) => line === 'heard SIGTERM')).toBe(signal === 'SIGTERM');
    expect(master.lines).not.toContain('begin second');
    await next.line(/^done second$/);
  },
);

test.each([
  ['SIGINT', 'SIGTERM', 143],
  ['SIGTERM', 'SIGINT', 130],
] as const)(
  '%s and then %s ends a process at once with %d, and it still gives the lease back',
  async (first, second, code) => {
    const { master, next } = await pair('embedded', { ends: false });
    master.kill(first);
    await master.line(new RegExp(`^before ${first}$`));
    expect(master.isRunning).toBe(true);
    master.kill(second);
    expect(await master.ended).toEqual({ code, signal: null });
    expect(master.lines.filter((line) => line.startsWith('after'))).toEqual([]);
    await next.line(/^state master 2$/);
  },
);

test('a close that hangs is ended by the limit with 1, and gives the lease back', async () => {
  const { master, next } = await pair('embedded', { ends: false, handlers: { timeout: 300 } });
  master.kill('SIGTERM');
  expect(await master.ended).toEqual({ code: 1, signal: null });
  expect(master.lines).toContain(
    'mongo-failover: the close at SIGTERM has not ended within 300 ms; the process ends now',
  );
  await next.line(/^state master 2$/);
});

test('with exit: false the process ends by itself when all is closed', async () => {
  const { master } = await pair('embedded', { handlers: { exit: false } });
  master.kill('SIGTERM');
  expect(await master.ended).toEqual({ code: 0, signal: null });
  expect(master.lines).toContain('after SIGTERM');
});

test('a signal while the program still starts ends it with 0', async () => {
  const { options } = await settledStore('embedded');
  const early = startMember(program, { options, starts: false });
  await early.line(/^installed$/);
  early.kill('SIGTERM');
  expect(await early.ended).toEqual({ code: 0, signal: null });
});

test('as PID 1, to which the kernel passes only signals that are handled, it hands over the same way', async () => {
  const options = { ...(await settledStore('embedded')).options, intervals };
  const first = join(await temporaryFolder(), 'go');
  const told = JSON.stringify({ options, tasks: [first] });
  const master = new Program([...ownNamespace(), process.execPath, program, told], process.env, 'unshare');
  onTestFinished(() => master.end());
  await master.line(/^begin /);
  const next = startMember(program, { options });
  await next.line(/^state slave/);
  const children = readFileSync(`/proc/${master.pid}/task/${master.pid}/children`, 'utf8');
  process.kill(Number(children.trim()), 'SIGTERM');
  await next.line(/^state master 2$/);
  expect(await master.ended).toEqual({ code: 0, signal: null });
  expect(master.lines).toContain(`done ${first}`);
});
