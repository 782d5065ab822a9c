/** What work sees of its lease, also in a loop that never yields, and how it is stopped before the lease ends. */
import { expect, onTestFinished, test } from 'vitest';
import { calm, open, settledFolder, short } from '../support/clusters.ts';
import { Events } from '../support/events.ts';
import { Journal, overlapping } from '../support/journal.ts';
import { settledUri } from '../support/settled.ts';
import { TcpProxy } from '../support/tcpProxy.ts';

const work = new URL('./fixtures/watchesLease.mjs', import.meta.url);

/** Room enough between the order to end and the end of the lease, so a busy machine ends a thread within it. */
const GRACE = 800;
const intervals = { ...short, SLAVE: 2000 };

interface Task {
  id: string;
  file: string;
  until?: 'fallen' | 'renewed' | 'aborted';
  term?: number;
}

test('work that never yields sees its term, and its lease run down and be renewed', async () => {
  const folder = await settledFolder();
  const journal = new Journal(folder);
  const { file } = journal;
  const cluster = new (open({ folder }).managed)<Task>('context', 'id', work);
  const events = new Events(cluster);
  await cluster.submitWork({ id: 'a', file, until: 'fallen' });
  await cluster.submitWork({ id: 'b', file, until: 'renewed' });
  await cluster.run();
  await events.done('b');
  const lines = journal.lines();
  expect(lines.map(({ what, id, term, attempt }) => [what, id, term, attempt])).toEqual(
    ['a', 'b'].flatMap((id) => ['begin', 'end'].map((what) => [what, id, cluster.term, 1])),
  );
  for (const { left } of lines) {
    expect(left).toBeGreaterThan(0);
    expect(left).toBeLessThanOrEqual(calm.SLAVE + calm.TICKING);
  }
});

test('without its server a master stops its work before the lease ends, and the next member repeats the task', async () => {
  const folder = await settledFolder();
  const journal = new Journal(folder);
  const uri = await settledUri();
  const proxy = await TcpProxy.before(uri);
  onTestFinished(() => proxy.close());
  const member = (connectString: string) => {
    const { managed: Managed } = open({ mongodb: { connectString }, intervals });
    const cluster = new Managed<Task>('context', 'id', work, { grace: GRACE });
    return { cluster, events: new Events(cluster) };
  };
  const [cut, next] = [member(proxy.uri(uri)), member(uri)];
  await cut.cluster.run();
  await cut.events.first('master');
  const term = cut.cluster.term ?? 0;
  await next.cluster.run();
  await next.events.first('slave');
  for (const { cluster } of [cut, next]) {
    await cluster.submitWork({ id: 'first', file: journal.file });
    await cluster.submitWork({ id: 'endless', file: journal.file, until: 'aborted', term });
  }
  await cut.events.done('first');
  proxy.mode = 'swallow';
  await cut.events.first('error', (error) => 'code' in error && error.code === 'ERR_LEASE_LOST');
  expect([cut.cluster.isMaster, cut.cluster.state]).toEqual([false, 'error']);
  await next.events.done('endless');

  const lines = journal.lines().filter(({ id }) => id === 'endless');
  const [aborted] = lines.filter(({ what }) => what === 'aborted');
  expect(aborted).toMatchObject({ term, attempt: 1 });
  // Told in time, and gone in time: nothing of it was written without a lease.
  const ofFirst = lines.filter((line) => line.term === term);
  expect(ofFirst.at(-1)?.what).toBe('alive');
  expect(ofFirst.filter(({ left }) => left <= 0)).toEqual([]);
  expect(aborted?.left).toBeLessThanOrEqual(GRACE);
  const ofNext = lines.filter((line) => line.term !== term);
  expect(ofNext.map(({ what, attempt }) => [what, attempt])).toEqual([
    ['begin', 1],
    ['end', 1],
  ]);
  expect(ofNext[0]?.at).toBeGreaterThan(ofFirst.at(-1)?.at ?? 0n);
  expect(overlapping(journal.runs())).toEqual([]);
  // An abort is no failed attempt, and no mishap.
  expect([...cut.events.of('failed'), ...cut.events.of('panic')]).toEqual([]);

  proxy.mode = 'pass';
  await cut.events.when(() => cut.events.states.at(-1) === 'slave');
  await next.cluster.stop();
  await cut.events.when(() => cut.events.states.at(-1) === 'master');
  expect(cut.events.doneIds).toEqual(['first']);
  expect((await cut.cluster.status()).queued).toBe(0);
});
