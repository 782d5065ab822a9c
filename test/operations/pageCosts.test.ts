/** What viewers cost MongoDB, counted by a proxy that lets pass only what a user may send who may only read. */
import type { Document } from 'bson';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Overview, TaskPage } from '../../src/page/contract.ts';
import { createStore } from '../support/builtStore.ts';
import { CommandProxy } from '../support/commandProxy.ts';
import { databaseUri } from '../support/database.ts';
import { commandName } from '../support/wire.ts';
import { start } from './commandRuns.ts';

/** Leases, members, orders and drains; of the one queue its highest number, its head, its dead letters and its schedules. */
const COMMANDS_A_LOOK = 8;

const allowed = ['find', 'count', 'hello', 'isMaster', 'ismaster', 'ping', 'endSessions'];
let proxy: CommandProxy;
let uri: string;
let sent: string[] = [];
const refused: string[] = [];

beforeAll(async () => {
  const server = databaseUri();
  const store = createStore(
    { kind: 'mongodb', connectString: server, connectOptions: {}, debug: false },
    { commandTimeout: 10_000 },
  );
  await store.open();
  const held = { beat: 1, ack: 0, claim: 'c', ttl: 600_000, identifier: null, count: 0, recent: [], term: 1 };
  for (const kind of ['durable', 'unmanaged'] as const) {
    const holder = `here:1:${kind}`;
    await store.compareAndSetLease(kind, null, { ...held, holder, configuration: { kind, settings: {} } });
    await store.putMember({ id: holder, name: kind, host: 'here', pid: 1, state: 'master', at: new Date() });
  }
  const tasks = Array.from({ length: 120 }, (_, id) => ({ id, bytes: Buffer.from([5, 0, 0, 0, 0]) }));
  await store.tasks.addTasks('durable', tasks, 1000);
  await store.close();
  proxy = await CommandProxy.before(server);
  proxy.rule = (command: Document) => {
    const name = commandName(command);
    const target: unknown = command[name];
    if (name === 'find' || name === 'count') {
      // No read goes without a limit, and none of tasks sorts by what no index has.
      if (command.limit === undefined || command.limit > 10_000) refused.push(`${name} ${target} without a limit`);
      sent.push(`${name} ${target}`);
    }
    if (allowed.includes(name)) return undefined;
    refused.push(name);
    return { ok: 0, code: 13, codeName: 'Unauthorized', errmsg: `not authorized to execute command ${name}` };
  };
  uri = proxy.uri(server);
});
afterAll(() => proxy.close());

test('a user who may only read is enough, and a hundred viewers cost what one does', async () => {
  const program = start('page', '--port', '0', '--token', 'abcdefghijklmnop', '--mongodb', uri);
  await program.line(/open it in a browser/);
  const url = /^(http:\S+\/)$/m.exec(program.stdout)?.[1] ?? '';
  const headers = { authorization: 'Bearer abcdefghijklmnop' };
  const read = async <T>(path: string) => (await fetch(`${url}${path}`, { headers })).json() as Promise<T>;
  const costs: string[][] = [];
  for (const viewers of [1, 100]) {
    const control = new AbortController();
    const streams = await Promise.all(
      Array.from({ length: viewers }, () =>
        fetch(`${url}api/events?name=durable`, { headers, signal: control.signal }),
      ),
    );
    expect(new Set(streams.map(({ status }) => status))).toEqual(new Set([200]));
    const first = await Promise.all(
      streams.map(async ({ body }) => {
        const reader = body?.getReader();
        let text = '';
        while (!text.includes('event: subsystem')) text += Buffer.from((await reader?.read())?.value ?? []).toString();
        return text;
      }),
    );
    expect(first.every((text) => text.includes('"queued":120'))).toBe(true);
    sent = [];
    const looks = () => sent.filter((command) => command === 'find failover_tasks').length / 2;
    while (looks() < 4) await new Promise((resolve) => setTimeout(resolve, 50));
    control.abort();
    costs.push(sent.slice(0, sent.lastIndexOf('find failover_tasks') + 1));
  }
  const [one = [], hundred = []] = costs;
  const found = ['failover', 'failover_members', 'failover_schedules', 'failover_tasks'];
  const kinds = ['count failover_deadletters', ...found.map((collection) => `find ${collection}`)];
  expect([...new Set(one)].sort()).toEqual(kinds);
  expect([...new Set(hundred)].sort()).toEqual(kinds);
  // Four looks each, begun somewhere within one: all but a look's commands must be the same.
  expect(one.length).toBeLessThanOrEqual(5 * COMMANDS_A_LOOK);
  expect(Math.abs(hundred.length - one.length)).toBeLessThanOrEqual(COMMANDS_A_LOOK);
  expect((await read<TaskPage>('api/subsystems/durable/tasks')).next).toBe(50);
  expect((await read<TaskPage>('api/subsystems/durable/tasks?after=100')).next).toBe(null);
  const overview = await read<Overview>('api/overview');
  expect(overview).toMatchObject({
    problem: null,
    subsystems: [{ name: 'durable', queued: 120 }, { name: 'unmanaged' }],
  });
  expect(refused).toEqual([]);
});
