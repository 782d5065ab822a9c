/** Hand-over, pause, drain and priority on both stores: services of one process, each with a coordinator thread of its own. */
import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FailoverOptions, ManagedOptions } from 'mongo-failover';
import { describe, expect, test } from 'vitest';
import { calm, open, settledFolder } from '../support/clusters.ts';
import { Events } from '../support/events.ts';
import { Journal, overlapping } from '../support/journal.ts';
import { settledUri } from '../support/settled.ts';
import { stores } from '../support/stores.ts';

const work = new URL('./fixtures/durable.mjs', import.meta.url);
const waits = new URL('./fixtures/waitsForFile.mjs', import.meta.url);

describe.each(stores)('on the store %s', (store) => {
  /** Members of one stored queue and its journal. */
  async function queue(module = work) {
    const folder = await settledFolder();
    const where = store === 'embedded' ? { folder } : { mongodb: { connectString: await settledUri() } };
    const journal = new Journal(folder);
    const member = async (state: 'master' | 'slave' | null, options: ManagedOptions & FailoverOptions = {}) => {
      const { priority, intervals = calm, ...managed } = options;
      const service = open({ ...where, intervals, ...(priority === undefined ? {} : { priority }) });
      const cluster = new service.managed<{ id: number; file: string }>('ordered', 'id', module, {
        ...managed,
        durable: true,
      });
      const events = new Events(cluster);
      if (state !== null) {
        await cluster.run();
        await events.first(state);
      }
      return { service, cluster, events, id: (await cluster.status()).id };
    };
    return { folder, file: journal.file, journal, member };
  }

  test('a mastership goes to the member that is named, and the tasks go on', async () => {
    const { folder, file, journal, member } = await queue();
    // The member that is named has a start of 2 POLL, on a busy machine, too.
    const intervals = { ...calm, POLL: 1000 };
    const master = await member('master', { intervals });
    const [first, second] = [await member('slave', { intervals }), await member('slave', { intervals })];
    // However late this thread hears of the first ones, the master is still at work when it is asked.
    const gate = join(folder, 'gate');
    const held = (id: number) => (id === 20 ? { gate } : { ms: id < 20 ? 2 : 10 });
    await master.cluster.submitMany(Array.from({ length: 200 }, (_, id) => ({ id, file, ...held(id) })));
    await master.events.done(10);
    const { term } = await master.cluster.status();
    const asked = first.cluster.handOver({ to: second.id, ifTerm: term ?? 0, reason: 'test' });
    writeFileSync(gate, '');
    expect(await asked).toEqual({ term: 2, holder: second.id });
    expect(master.cluster.isMaster).toBe(false);
    expect((await master.cluster.status()).handOver).toMatchObject({
      term: 1,
      to: second.id,
      by: first.id,
      reason: 'test',
    });
    await second.events.done(199);
    const runs = journal.runs();
    expect(overlapping(runs)).toEqual([]);
    expect(runs.map(({ id }) => id)).toEqual(Array.from({ length: 200 }, (_, id) => id));
    expect([...new Set(runs.map((run) => run.term))]).toEqual([1, 2]);
    // Back, by a beginning of its id.
    expect(await first.cluster.handOver({ to: master.id.slice(0, -3) })).toEqual({ term: 3, holder: master.id });
  });

  test('a request that cannot be met is refused, and says why', async () => {
    const { folder, file, member } = await queue(waits);
    const until = join(folder, 'until');
    const master = await member('master', { stopTimeout: 200 });
    await expect(master.cluster.handOver()).rejects.toMatchObject({
      code: 'ERR_HAND_OVER_REFUSED',
      message: expect.stringContaining('no other member'),
    });
    const standby = await member('slave');
    const never = await member('slave', { priority: 0 });
    const refused = async (options: Parameters<typeof master.cluster.handOver>[0], why: string) =>
      expect(standby.cluster.handOver(options)).rejects.toMatchObject({
        code: 'ERR_HAND_OVER_REFUSED',
        message: expect.stringContaining(why),
      });
    await refused({ ifTerm: 5 }, 'is 1, and not 5');
    await refused({ to: 'nobody' }, 'no member nobody');
    await refused({ to: never.id }, 'its priority is 0');
    await standby.cluster.submitWork({ id: 1, file, until } as { id: number; file: string });
    await expect.poll(async () => (await master.cluster.status()).running, { timeout: 20_000 }).toBe(1);
    await refused({ to: standby.id }, 'stopTimeout');
    expect(master.cluster.isMaster).toBe(true);
    writeFileSync(until, '');
    await master.events.done(1);
    await expect(standby.cluster.handOver({ to: 5 } as never)).rejects.toMatchObject({ code: 'ERR_INVALID_OPTION' });
  });

  test('a pause holds the tasks through a failover and a restart, and its end lets them go on', async () => {
    const { file, journal, member } = await queue();
    const master = await member('master');
    const standby = await member('slave');
    await standby.cluster.pause({ reason: 'the bank is down' });
    await Promise.all([master.events.first('paused'), standby.events.first('paused')]);
    await master.cluster.submitMany([1, 2, 3].map((id) => ({ id, file })));
    await master.service.close();
    await standby.events.first('master');
    const { paused, queued } = await standby.cluster.status();
    expect([paused, queued]).toMatchObject([{ by: standby.id, reason: 'the bank is down', until: null }, 3]);
    await standby.service.close();
    const later = await member('master');
    await later.events.first('paused');
    expect(journal.runs()).toEqual([]);
    expect(later.cluster.isMaster).toBe(true);
    await later.cluster.resume();
    await later.events.first('resumed');
    await later.events.done(3);
  });

  test('a pause with a time ends by itself', async () => {
    const { file, member } = await queue();
    const { cluster, events } = await member('master');
    await cluster.pause({ for: 300 });
    const [{ at, until }] = await events.first('paused');
    expect((until?.getTime() ?? 0) - at.getTime()).toBe(300);
    await cluster.submitWork({ id: 1, file });
    await events.first('resumed');
    await events.done(1);
  });

  test('a pause to standby leaves no master until it ends', async () => {
    const { member } = await queue();
    const master = await member('master');
    const standby = await member('slave');
    await standby.cluster.pause({ standby: true });
    await master.events.when(() => master.events.states.at(-1) === 'slave');
    await standby.events.first('paused');
    expect([master.cluster.isMaster, standby.cluster.isMaster]).toEqual([false, false]);
    await expect(standby.cluster.handOver()).rejects.toMatchObject({
      message: expect.stringContaining('paused to standby'),
    });
    await standby.cluster.resume();
    const elected = [master, standby].map(({ events }) =>
      events.when(() => events.states.lastIndexOf('master') > events.states.lastIndexOf('slave')),
    );
    await Promise.race(elected);
  });

  test('a drained process hands all that it has over, and claims nothing until that ends', async () => {
    const folder = await settledFolder();
    const where = store === 'embedded' ? { folder } : { mongodb: { connectString: await settledUri() } };
    const names = [1, 2, 3].map(() => randomUUID());
    // Services of one process are drained together, so one of priority 0 and a second process cannot play the other: see processes.
    const service = open(where);
    const clusters = names.map((name) => new service.unmanaged(name));
    const events = clusters.map((cluster) => new Events(cluster));
    await Promise.all(clusters.map((cluster) => cluster.run()));
    await Promise.all(events.map((each) => each.first('master')));
    await service.drain({ reason: 'test' });
    await Promise.all(events.map((each) => each.when(() => each.states.at(-1) === 'slave')));
    expect((await clusters[0]?.status())?.drained).toBe(true);
    await service.undrain();
    await Promise.all(events.map((each) => each.when(() => each.states.at(-1) === 'master')));
    await service.close();
    await expect(service.drain()).rejects.toMatchObject({ code: 'ERR_STOPPED' });
  });

  test('a drain ends with the service, also without a cluster', async () => {
    const folder = await settledFolder();
    const where = store === 'embedded' ? { folder } : { mongodb: { connectString: await settledUri() } };
    const service = open(where);
    await service.drain();
    await service.close();
    const cluster = new (open(where).unmanaged)('after');
    const events = new Events(cluster);
    await cluster.run();
    await events.first('master');
  });
});
