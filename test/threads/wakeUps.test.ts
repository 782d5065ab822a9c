/**
 * Members of one embedded store wake each other. POLL is longer than any test takes, so what happens at all happens because
 * of a hint.
 */
import { expect, test } from 'vitest';
import { open, settledFolder } from '../support/clusters.ts';
import { Events } from '../support/events.ts';
import { Journal } from '../support/journal.ts';

const work = new URL('./fixtures/durable.mjs', import.meta.url);
const intervals = { MASTER: 5000, SLAVE: 900_000, TICKING: 900_000, POLL: 600_000, SYNC: 250 };

type Clusters = ReturnType<typeof open>;

async function world() {
  const folder = await settledFolder();
  const journal = new Journal(folder);
  const coordinator = () => open({ folder, intervals });
  const member = ({ managed: Managed }: Clusters, durable = true) => {
    const cluster = new Managed<{ id: number; file: string }>('woken', 'id', work, { durable });
    return { cluster, events: new Events(cluster) };
  };
  const pair = async (first: Clusters, second: Clusters) => {
    const master = member(first);
    await master.cluster.run();
    await master.events.first('master');
    const standby = member(second);
    await standby.cluster.run();
    await standby.events.first('slave');
    return { master, standby };
  };
  return { file: journal.file, coordinator, pair };
}

test('a task that another coordinator has stored starts without a look of the POLL', async () => {
  const { file, coordinator, pair } = await world();
  const { master, standby } = await pair(coordinator(), coordinator());
  for (let id = 0; id < 20; id++) {
    await standby.cluster.submitWork({ id, file });
    await master.events.done(id);
  }
  expect(master.events.doneIds).toHaveLength(20);
});

test('so does one that another cluster of the same coordinator has stored', async () => {
  const { file, coordinator, pair } = await world();
  const one = coordinator();
  const { master, standby } = await pair(one, one);
  for (let id = 0; id < 20; id++) {
    await standby.cluster.submitWork({ id, file });
    await master.events.done(id);
  }
  expect(master.events.doneIds).toHaveLength(20);
});

test.each(['another coordinator', 'the same one'])(
  'who releases its lease is followed at once by a member of %s',
  async (which) => {
    const { file, coordinator, pair } = await world();
    const one = coordinator();
    const { master, standby } = await pair(one, which === 'the same one' ? one : coordinator());
    await master.cluster.stop();
    await standby.events.first('master');
    await standby.cluster.submitWork({ id: 1, file });
    await standby.events.done(1);
    expect(standby.cluster.term).toBe(2);
  },
);
