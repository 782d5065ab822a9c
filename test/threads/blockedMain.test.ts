/** The main thread computes without a pause for several lives of a lease, and nothing else notices. */
import { expect, test } from 'vitest';
import { open, settledFolder, short } from '../support/clusters.ts';
import { Events } from '../support/events.ts';
import { Journal } from '../support/journal.ts';
import { settledUri } from '../support/settled.ts';

const work = new URL('../support/works/journal.mjs', import.meta.url);

/** For how many lives of the lease. */
const BLOCKED = 4;

test('a blocked main thread costs no lease, no heartbeat and no task', async () => {
  const folder = await settledFolder();
  const journal = new Journal(folder);
  const intervals = short;
  const options = { mongodb: { connectString: await settledUri() }, intervals };
  const cluster = new (open(options).managed)<{ id: number; file: string; ms: number }>('blocked', 'id', work);
  const events = new Events(cluster);
  // Of the same process, but with a coordinator thread of its own, so it would take over while this one waits.
  const standby = new (open(options).managed)('blocked', 'id', work);
  const standbyEvents = new Events(standby);
  await cluster.run();
  await events.first('master');
  await standby.run();
  await standbyEvents.first('slave');
  const ids = Array.from({ length: 1000 }, (_, id) => id);
  await Promise.all(ids.map((id) => cluster.submitWork({ id, file: journal.file, ms: 10 })));
  const before = await cluster.status();
  await events.done(0);

  const from = process.hrtime.bigint();
  const timeToLive = intervals.SLAVE + intervals.TICKING;
  const until = from + BigInt(BLOCKED * timeToLive * 1e6);
  while (process.hrtime.bigint() < until);
  const whileBlocked = { isMaster: cluster.isMaster, term: cluster.term, left: cluster.leaseRemaining() };
  const told = events.of('done').length;
  const begun = journal.runs().filter(({ at }) => at > from && at < until);
  const after = await cluster.status();

  expect(whileBlocked).toEqual({ isMaster: true, term: before.term, left: expect.any(Number) });
  expect(after).toMatchObject({ state: 'master', term: before.term });
  // Beats go out every MASTER; half of them is more than a lease needs, and no less than any machine manages.
  const beats = after.heartbeat.acknowledged - before.heartbeat.acknowledged;
  expect(beats).toBeGreaterThan((BLOCKED * timeToLive) / intervals.MASTER / 2);
  // Work went on to the very end, and the events of it waited for the main thread.
  expect(begun.length).toBeGreaterThan(told);
  expect((begun.at(-1)?.at ?? 0n) - from).toBeGreaterThan(((until - from) * 9n) / 10n);
  const last = begun.at(-1)?.id ?? -1;
  await events.done(last);
  expect(events.doneIds.slice(0, Number(last) + 1)).toEqual(ids.slice(0, Number(last) + 1));
  expect(events.states).toEqual(['init', 'master']);
  expect(events.of('error')).toEqual([]);
  expect(standbyEvents.states.filter((state) => state === 'master')).toEqual([]);
});
