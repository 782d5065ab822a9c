/** A server that is not there, goes away, and comes back. */
import { expect, onTestFinished, test } from 'vitest';
import { calm, open, short } from '../support/clusters.ts';
import { Events } from '../support/events.ts';
import { settledUri } from '../support/settled.ts';
import { type ProxyMode, TcpProxy } from '../support/tcpProxy.ts';

async function behindProxy(mode: ProxyMode, intervals = short) {
  const uri = await settledUri();
  const proxy = await TcpProxy.before(uri);
  onTestFinished(() => proxy.close());
  proxy.mode = mode;
  const { managed: Managed } = open({ mongodb: { connectString: proxy.uri(uri) }, intervals });
  const cluster = new Managed<{ id: number }>('unreachable', 'id', () => true);
  return { cluster, events: new Events(cluster), proxy, uri };
}

const unavailable = [expect.objectContaining({ name: 'StoreError', code: 'ERR_STORE_UNAVAILABLE' })];

test.each<ProxyMode>(['cut', 'swallow'])(
  'a server that is not there yet (%s) is an error, until it is',
  async (mode) => {
    const { cluster, events, proxy } = await behindProxy(mode);
    expect(await cluster.submitWork({ id: 1 })).toEqual({ stored: true });
    await cluster.run();
    expect(await events.first('error')).toEqual(unavailable);
    expect(events.states).toEqual(['init', 'error']);
    expect(await cluster.submitWork({ id: 2 })).toEqual({ stored: true });
    expect(await cluster.status()).toMatchObject({ state: 'error', term: null, queued: 2, members: [] });
    proxy.mode = 'pass';
    await events.done(2);
    expect(events.doneIds).toEqual([1, 2]);
    expect(events.states.at(-1)).toBe('master');
  },
);

test('a cut that is shorter than the lease costs nothing', async () => {
  const { cluster, events, proxy, uri } = await behindProxy('pass', calm);
  const observer = new (open({ mongodb: { connectString: uri } }).unmanaged)('unreachable');
  const observed = new Events(observer);
  await cluster.run();
  await events.first('master');
  await observer.run();
  await observed.first('slave');
  // The connections are gone, and the next beat makes new ones.
  proxy.mode = 'cut';
  proxy.mode = 'pass';
  await cluster.submitWork({ id: 1 });
  await observed.first('synchronize', (id) => id === 1);
  expect(await cluster.status()).toMatchObject({ state: 'master', term: 1 });
  expect(events.states).toEqual(['init', 'master']);
});

test('a cut that lasts costs the mastership, until it is over', async () => {
  const { cluster, events, proxy } = await behindProxy('pass');
  await cluster.run();
  await events.first('master');
  proxy.mode = 'cut';
  await events.when(() => events.states.at(-1) === 'error');
  expect(cluster.isMaster).toBe(false);
  expect(events.of('error').map(([error]) => Reflect.get(error, 'code'))).toContain('ERR_LEASE_LOST');
  expect(await cluster.submitWork({ id: 1 })).toEqual({ stored: true });
  proxy.mode = 'pass';
  await events.done(1);
  expect(cluster.term).toBeGreaterThan(1);
});

test.each<ProxyMode>(['cut', 'swallow'])(
  'stop() ends without a server (%s), as master and before it ever was one',
  async (mode) => {
    const never = await behindProxy(mode);
    await never.cluster.run();
    await never.events.first('error');
    await never.cluster.stop();
    expect(never.events.states).toEqual(['init', 'error', 'stopped']);

    const master = await behindProxy('pass');
    await master.cluster.run();
    await master.events.first('master');
    master.proxy.mode = mode;
    await master.cluster.stop();
    expect([master.cluster.isMaster, master.cluster.state]).toEqual([false, 'stopped']);
    expect(master.events.of('panic')).toEqual([]);
  },
);

test('stop() while the first look is under way ends, too', async () => {
  const { cluster, events } = await behindProxy('swallow');
  await cluster.run();
  await cluster.stop();
  expect(events.states).toEqual(['init', 'stopped']);
});

test('two members behind one proxy never both count themselves master while it comes and goes', async () => {
  const { cluster, events, proxy, uri } = await behindProxy('pass');
  const direct = new (open({ mongodb: { connectString: uri }, intervals: short }).unmanaged)('unreachable');
  const directEvents = new Events(direct);
  await cluster.run();
  await events.first('master');
  await direct.run();
  await directEvents.first('slave');
  proxy.mode = 'swallow';
  await directEvents.first('master');
  expect(cluster.isMaster).toBe(false);
  expect(direct.term).toBe(2);
  proxy.mode = 'pass';
  await events.when(() => events.states.at(-1) === 'slave');
  expect([cluster.isMaster, direct.isMaster]).toEqual([false, true]);
});
