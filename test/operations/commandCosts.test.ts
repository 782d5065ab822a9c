/** What each command of the command line sends to MongoDB, counted by a proxy: the table of the reference. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Document } from 'bson';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { createStore } from '../support/builtStore.ts';
import { CommandProxy } from '../support/commandProxy.ts';
import { databaseUri } from '../support/database.ts';
import { sectionOf } from '../support/markdown.ts';
import { Program } from '../support/program.ts';
import { commandName } from '../support/wire.ts';

const cli = join(import.meta.dirname, '../../dist/src/cli/main.js');
const page = readFileSync(new URL('../../docs/reference/command-line.md', import.meta.url), 'utf8');
/** Rows such as `| `list` | 7 | 0 |`. */
const rows = [
  ...sectionOf(page, '## What a command costs the store').matchAll(/^\| `([^`]+)` \| (\d+) \| (\d+) \|$/gm),
];
const costs = rows.map(([, command = '', reads, writes]) => ({
  command,
  reads: Number(reads),
  writes: Number(writes),
}));

const reading = ['find', 'count', 'listIndexes', 'buildInfo', 'connectionStatus', 'aggregate'];
const writing = ['insert', 'update', 'delete', 'createIndexes'];

let uri: string;
let proxy: CommandProxy;
let sent: string[] = [];

beforeAll(async () => {
  const server = databaseUri();
  const store = createStore(
    { kind: 'mongodb', connectString: server, connectOptions: {}, debug: false },
    { commandTimeout: 10_000 },
  );
  await store.open();
  const held = { beat: 1, ack: 0, claim: 'c', ttl: 600_000, identifier: null, count: 0, recent: [] };
  for (const [name, kind] of [
    ['billing', 'durable'],
    ['mail', 'memory'],
    ['poller', 'unmanaged'],
  ] as const) {
    const configuration = { kind, settings: { key: '"id"' } };
    await store.compareAndSetLease(name, null, { ...held, term: 1, holder: `here:1:${kind}`, configuration });
    await store.putMember({ id: `here:1:${kind}`, name, host: 'here', pid: 1, state: 'master', at: new Date() });
  }
  const tasks = Array.from({ length: 20 }, (_, id) => ({ id, bytes: Buffer.from([5, 0, 0, 0, 0]) }));
  await store.tasks.addTasks('billing', tasks, 1000);
  // An outcome of a task that an earlier master did.
  const ended = { id: 1, seq: 1, term: 1, state: 'cancelled', attempts: 1, error: null, result: null } as const;
  await store.tasks.putOutcomes('billing', [{ ...ended, at: new Date(), until: new Date() }]);
  const verdict = { name: 'Error', message: 'no', code: undefined, attempts: 1 };
  for (const seq of [1, 2]) {
    const id = `dead ${seq}`;
    await store.tasks.putDeadLetter({
      queue: 'billing',
      seq,
      id,
      bytes: tasks[0]?.bytes ?? Buffer.of(),
      at: new Date(),
      ...verdict,
    });
  }
  await store.close();
  proxy = await CommandProxy.before(server);
  proxy.rule = (command: Document) => {
    sent.push(commandName(command));
    return undefined;
  };
  uri = proxy.uri(server);
});
afterAll(() => proxy.close());

/** The arguments of a command of the table, which are words without blanks, or in quotes. */
function argumentsOf(command: string): string[] {
  return Array.from(command.matchAll(/'([^']*)'|(\S+)/g), ([, quoted, word]) => quoted ?? word ?? '');
}

test('the table of the reference is what was counted', { timeout: 300_000 }, async () => {
  expect(costs.length).toBeGreaterThan(10);
  const counted: typeof costs = [];
  for (const { command } of costs) {
    sent = [];
    const program = new Program([cli, ...argumentsOf(command), '--mongodb', uri, '--timeout', '60s'], process.env);
    const { code } = await program.ended;
    expect({ command, code, said: program.lines }).toMatchObject({ code: 0 });
    const count = (names: readonly string[]): number => sent.filter((name) => names.includes(name)).length;
    counted.push({ command, reads: count(reading), writes: count(writing) });
  }
  expect(counted.map(({ command, writes }) => ({ command, writes }))).toEqual(
    costs.map(({ command, writes }) => ({ command, writes })),
  );
  // Other servers need fewer reads: they are not asked again.
  const more = counted.filter(({ reads }, index) => reads > (costs[index]?.reads ?? 0));
  expect(more).toEqual([]);
  if (inject('server').kind === 'java') expect(counted).toEqual(costs);
});
