/** All members die at once, or the server does: what was stored before is done afterwards. */
import { describe, expect, inject, onTestFinished, test } from 'vitest';
import { startDocumentDb } from '../servers/documentdb.ts';
import { temporaryFolder } from '../support/clusters.ts';
import { withDatabase } from '../support/database.ts';
import { Journal } from '../support/journal.ts';
import { stores } from '../support/stores.ts';
import {
  DurableMember,
  expectNothingLost,
  expectOneOrder,
  expectOrderOf,
  isAtomic,
  type Queue,
  Submitter,
  storeIn,
} from './durableMember.ts';
import { numbers } from './memberProcess.ts';

/** Most tasks that may be repeated when a master dies. */
const CHUNK = 256;

describe.each(stores)('on the store %s', (store) => {
  test('when all members were killed, those that are started next go on where the acknowledgements end', async () => {
    const folder = await temporaryFolder();
    const journal = new Journal(folder);
    const queue: Queue = { options: storeIn(store, folder), journal };
    const submitter = new Submitter(queue);
    await submitter.submit(numbers(1500).map((id) => ({ id, file: journal.file, ms: 0.5 })));
    const begin = () => numbers(3).map(() => new DurableMember(queue));
    for (const count of [300, 250]) {
      const members = begin();
      await Promise.race(members.map((member) => member.doesMore(count)));
      await Promise.all(members.map((member) => member.kill()));
    }
    const members = begin();
    await Promise.race(members.map((member) => member.hasDone(1499)));
    await Promise.all(members.map((member) => member.stop()));

    const runs = expectNothingLost(journal, submitter.stored);
    if (!isAtomic(store)) return;
    const repeated = expectOneOrder(runs);
    expectOrderOf(runs, submitter.inOrder);
    expect(Math.max(...repeated.values())).toBeLessThanOrEqual(CHUNK);
  });
});

test('when the server crashes under load, nothing that it had acknowledged is lost', async ({ skip }) => {
  const { kind } = inject('server');
  skip(
    kind !== 'documentdb',
    `the server '${kind}' cannot be killed and started again on its data by the tests: MONGO_FAILOVER_SERVER=documentdb can`,
  );
  // One of its own: the other tests would miss theirs.
  const server = await startDocumentDb();
  onTestFinished(() => server.stop());
  const journal = new Journal(await temporaryFolder());
  const { file } = journal;
  const options = { mongodb: { connectString: withDatabase(server.uri, 'crash') } };
  const queue: Queue = { options, journal, managed: { maxQueue: 1000 } };
  const submitter = new Submitter(queue);
  const members = numbers(3).map(() => new DurableMember(queue));

  let over = false;
  const load = async () => {
    for (let next = 0; !over; next += 50) {
      await submitter.submit(numbers(50).map((index) => ({ id: next + index, ms: 0.5, file })));
    }
  };
  const loading = load();
  for (const count of [200, 150]) {
    await Promise.race(members.map((member) => member.doesMore(count)));
    const from = members.map(({ program }) => program.lines.length);
    await server.crash();
    await Promise.all(members.map((member, index) => member.enters('error', from[index])));
    await server.resume();
    await Promise.race(members.map((member, index) => member.enters('master', from[index])));
  }
  await Promise.race(members.map((member) => member.doesMore(100)));
  over = true;
  await loading;
  await submitter.submit([{ id: 'last', file }]);
  await Promise.race(members.map((member) => member.hasDone('last')));
  await Promise.all(members.map((member) => member.stop()));

  expect(submitter.failures).toBeGreaterThan(0);
  const repeated = expectOneOrder(expectNothingLost(journal, submitter.stored));
  expect(Math.max(...repeated.values())).toBeLessThanOrEqual(CHUNK);
  const told = members.flatMap(({ program }) => program.lines);
  expect(told.filter((line) => /^(panic|deadletter)/.test(line))).toEqual([]);
});
