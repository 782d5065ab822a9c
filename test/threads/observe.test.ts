/** Probes and metrics while the main thread computes without a pause: asked by another thread, since this one cannot. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Worker } from 'node:worker_threads';
import { expect, onTestFinished, test } from 'vitest';
import { calm, open, settledFolder } from '../support/clusters.ts';
import { Events } from '../support/events.ts';

/** Asks for `/livez` and `/metrics` until it is told to stop; then says what the answers were, and when. */
const prober = `
  const { parentPort, workerData: { url } } = require('node:worker_threads');
  const answers = [];
  let stopped = false;
  const ask = async () => {
    while (!stopped) {
      const live = await fetch(url + '/livez');
      const metrics = await (await fetch(url + '/metrics')).text();
      const beats = /heartbeat_lateness_seconds_count (\\d+)/.exec(metrics);
      const master = /is_master\\{name="observed"\\} (\\d)/.exec(metrics);
      answers.push({ at: process.hrtime.bigint(), status: live.status, beats: Number(beats[1]), master: Number(master[1]) });
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    parentPort.postMessage(answers);
  };
  parentPort.once('message', () => { stopped = true; });
  void ask();
  parentPort.postMessage('asking');
`;

interface Answer {
  readonly at: bigint;
  readonly status: number;
  readonly beats: number;
  readonly master: number;
}

test('while the main thread is blocked, probes and metrics are answered, and beats go out', async () => {
  const folder = await settledFolder();
  const service = open({ folder, observe: { port: 0 }, intervals: { ...calm, MASTER: 100 } });
  const cluster = new service.unmanaged('observed');
  const events = new Events(cluster);
  const { url } = await service.observed();
  expect((await fetch(`${url}/readyz`)).status).toBe(503);
  expect(await (await fetch(`${url}/metrics`)).text()).toContain('\nmongo_failover_is_master{name="observed"} 0\n');
  await cluster.run();
  await events.first('master');
  const asker = new Worker(prober, { eval: true, workerData: { url } });
  onTestFinished(async () => void (await asker.terminate()));
  await once(asker, 'message');

  const from = process.hrtime.bigint();
  const until = from + 3_000_000_000n;
  while (process.hrtime.bigint() < until);
  asker.postMessage('stop');
  const [answers]: Answer[][] = await once(asker, 'message');

  const during = (answers ?? []).filter(({ at }) => at > from && at < until);
  expect(during.length).toBeGreaterThan(5);
  expect(new Set(during.map(({ status, master }) => `${status} ${master}`))).toEqual(new Set(['200 1']));
  expect((during.at(-1)?.beats ?? 0) - (during[0]?.beats ?? 0)).toBeGreaterThan(5);
  expect(service.health()).toMatchObject({ live: true, ready: true, coordinator: 'running' });
  expect((await fetch(`${url}/leader/observed`, { method: 'HEAD' })).status).toBe(200);

  const closed = service.close();
  expect(service.health()).toMatchObject({ live: true, ready: false });
  await closed;
  await expect(fetch(`${url}/livez`)).rejects.toThrow('fetch failed');
});

test('a port that is taken is an error, and stops nothing', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  onTestFinished(() => void other.close());
  await once(other, 'listening');
  const { port } = other.address() as AddressInfo;
  const service = open({ folder: await settledFolder(), observe: { port } });
  const cluster = new service.unmanaged('observed');
  const events = new Events(cluster);
  const error = { code: 'ERR_OBSERVE', message: expect.stringContaining(`another program uses port ${port}`) };
  await expect(service.observed()).rejects.toMatchObject(error);
  await cluster.run();
  await events.first('master');
  expect(events.of('error')).toMatchObject([[error]]);
  const families = await service.metrics();
  expect(families.find(({ name }) => name === 'mongo_failover_is_master')?.samples).toMatchObject([{ value: 1 }]);
});

test('without the option nothing is served, and the calls are there', async () => {
  const service = open({ folder: await settledFolder() });
  await expect(service.observed()).rejects.toMatchObject({ code: 'ERR_OBSERVE' });
  expect(service.health()).toMatchObject({ live: true, ready: false, coordinator: 'none' });
});
