/** What operators ask for, between processes: masterships move from one to the other, and a drained process claims nothing. */
import { fileURLToPath } from 'node:url';
import type { FailoverOptions } from 'mongo-failover';
import { describe, expect, test } from 'vitest';
import { createStore } from '../support/builtStore.ts';
import { open, temporaryFolder } from '../support/clusters.ts';
import { databaseUri } from '../support/database.ts';
import type { Program } from '../support/program.ts';
import { settle } from '../support/settled.ts';
import { startMember } from '../support/startMember.ts';
import { stores } from '../support/stores.ts';

const fixture = fileURLToPath(new URL('./fixtures/orderedMember.mjs', import.meta.url));
/** A lease that outlasts a busy machine; a death is seen by the others of the machine. POLL is a start that the machine leaves. */
const intervals = { MASTER: 200, SLAVE: 20_000, TICKING: 10_000, POLL: 500, SYNC: 25, ERROR: 200 };
/** For deaths that come before the others have seen that the process lived: then its lease has to expire. */
const shorter = { ...intervals, SLAVE: 3000, TICKING: 1000, POLL: 100 };
/** For a start of 2 POLL, and signs of life within 3 MASTER, that a busy machine does not take away. */
const wider = { ...intervals, MASTER: 1000, POLL: 1000 };

describe.each(stores)('on the store %s', (store) => {
  async function place() {
    const folder = await temporaryFolder();
    const connectString = store === 'embedded' ? '' : databaseUri();
    const options: FailoverOptions = store === 'embedded' ? { nodb: { path: folder } } : { mongodb: { connectString } };
    const storeOptions =
      store === 'embedded'
        ? ({ kind: 'embedded', path: folder } as const)
        : ({ kind: 'mongodb', connectString, connectOptions: {}, debug: false } as const);
    await settle(storeOptions);
    const start = (names: readonly string[], more: FailoverOptions = {}) =>
      startMember(fixture, { options: { ...options, intervals, ...more }, names });
    const asker = (name: string) => new (open({ ...options, intervals }).unmanaged)(name);
    return { start, asker, storeOptions };
  }

  const enters = (program: Program, name: string, state: string, from = 0) =>
    program.line(new RegExp(`^state ${name} ${state}$`), from);
  const idOf = async (program: Program, name: string) => (await program.line(new RegExp(`^id ${name} (.*)$`)))[1] ?? '';

  test('a mastership goes to the process that is named, and back', async () => {
    const { start, asker } = await place();
    const first = start(['a']);
    await enters(first, 'a', 'master');
    const others = [start(['a']), start(['a'])];
    const ids = await Promise.all(others.map((other) => idOf(other, 'a')));
    await Promise.all(others.map((other) => enters(other, 'a', 'slave')));
    const cluster = asker('a');
    expect(await cluster.handOver({ to: ids[1] ?? '', ifTerm: 1 })).toEqual({ term: 2, holder: ids[1] });
    await expect(cluster.handOver({ ifTerm: 1 })).rejects.toMatchObject({ code: 'ERR_HAND_OVER_REFUSED' });
    const home = await idOf(first, 'a');
    expect(await cluster.handOver({ to: home })).toEqual({ term: 3, holder: home });
    expect([first, ...others].flatMap(({ lines }) => lines.filter((line) => line.startsWith('error')))).toEqual([]);
  });

  test('a process that is drained hands all over, and does not claim after the death of the next', async () => {
    const { start } = await place();
    const names = ['a', 'b', 'c'];
    const first = start(names, { intervals: shorter });
    await Promise.all(names.map((name) => enters(first, name, 'master')));
    const second = start(names, { intervals: shorter });
    await Promise.all(names.map((name) => enters(second, name, 'slave')));
    first.kill('SIGUSR2');
    await first.line(/^drained$/);
    await Promise.all(names.map((name) => enters(second, name, 'master')));
    const drainedAt = first.lines.length;
    const third = start(names, { intervals: shorter });
    await Promise.all(names.map((name) => enters(third, name, 'slave')));
    second.kill('SIGKILL');
    await Promise.all(names.map((name) => enters(third, name, 'master')));
    expect(first.lines.slice(drainedAt).filter((line) => line.endsWith('master'))).toEqual([]);
    first.kill('SIGUSR2');
    await first.line(/^undrained$/);
    third.kill('SIGKILL');
    await Promise.all(names.map((name) => enters(first, name, 'master', drainedAt)));
  });

  test('of two standbys the one of the higher priority follows a master that dies', async () => {
    const { start, storeOptions } = await place();
    const first = start(['a'], { intervals: wider });
    await enters(first, 'a', 'master');
    const low = start(['a'], { priority: 40, intervals: wider });
    await enters(low, 'a', 'slave');
    const high = start(['a'], { priority: 60, intervals: wider });
    await enters(high, 'a', 'slave');
    const reader = createStore(storeOptions, { commandTimeout: 10_000 });
    await reader.open();
    const signs = async () => (await reader.readOrders([{ name: 'a' }]))[0]?.preferred;
    // The lower one looks more often than the higher one signs.
    await expect.poll(async () => (await signs())?.priority, { timeout: 30_000 }).toBe(60);
    const since = (await signs())?.count ?? 0;
    await expect.poll(async () => (await signs())?.count, { timeout: 30_000 }).toBeGreaterThan(since + 1);
    await reader.close();
    first.kill('SIGKILL');
    await enters(high, 'a', 'master');
    expect(low.lines.filter((line) => line.endsWith('master'))).toEqual([]);
  });
});
