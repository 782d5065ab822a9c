/**
 * The metrics as Prometheus reads them: its own parsers, its rules, and a real one that scrapes. It needs `promtool` and
 * `prometheus`, so only `.ci/run` runs it.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { calm, open, settledFolder, temporaryFolder } from '../support/clusters.ts';
import { Events } from '../support/events.ts';
import { Prometheus } from './prometheus.ts';

const root = join(import.meta.dirname, '../..');
const rules = join(root, 'docs/reference/alerts.yml');
const token = 'a-token-of-a-test';
const hostile = 'a "name"\\ with\nall {sorts} of =,# ü';

/** Returns what `promtool` says; rejects unless it is content. */
async function promtool(args: readonly string[], input = ''): Promise<string> {
  const child = spawn('promtool', args);
  child.stdin.end(input);
  const [out, error, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
  if (code !== 0) throw new Error(`promtool ${args.join(' ')}: ${out}${error}`);
  return `${out}${error}`;
}

/** A service with a queue in which tasks have been done, have failed and wait. */
async function busyService() {
  const service = open({
    folder: await settledFolder(),
    observe: { port: 0, token },
    intervals: { ...calm, MASTER: 100 },
  });
  let release: (done: boolean) => void = () => {};
  const held = new Promise<boolean>((resolve) => {
    release = resolve;
  });
  let tries = 0;
  const work = (task: { id: number }): boolean | Promise<boolean> => {
    if (task.id === 1) return true;
    if (task.id === 2) return ++tries > 2;
    return held;
  };
  const cluster = new service.managed<{ id: number }>(hostile, 'id', work, { durable: true });
  const events = new Events(cluster);
  return { service, cluster, events, release: () => release(true) };
}

async function scrape(url: string, accept: string): Promise<string> {
  const response = await fetch(`${url}/metrics`, { headers: { authorization: `Bearer ${token}`, accept } });
  expect(response.status).toBe(200);
  return response.text();
}

test('promtool finds nothing in the metrics, before the first election and under load', async () => {
  const { service, cluster, events, release } = await busyService();
  const { url } = await service.observed();
  await promtool(['check', 'metrics'], await scrape(url, 'text/plain'));
  await cluster.run();
  await events.first('master');
  await cluster.submitMany([{ id: 1 }, { id: 2 }, { id: 3 }, { id: 4 }]);
  await events.done(2);
  const metrics = await scrape(url, 'text/plain');
  expect(await promtool(['check', 'metrics'], metrics)).toBe('');
  const lines = metrics.split('\n').filter((line) => line.startsWith('mongo_failover_tasks_total'));
  expect(lines.map((line) => line.replace(/.*outcome=/, ''))).toEqual([
    ...['"done"} 2', '"failed"} 2', '"dead-letter"} 0', '"repeated"} 2', '"cancelled"} 0'],
  ]);
  release();
});

test('a real Prometheus reads OpenMetrics with the token, and its alerts follow the mastership', async () => {
  const { service, cluster, events, release } = await busyService();
  const { port } = await service.observed();
  const parts = { target: `127.0.0.1:${port}`, token, rules };
  const prometheus = await Prometheus.start(await temporaryFolder(), parts);
  await prometheus.until('it scrapes', async () => (await prometheus.targets()).some(({ health }) => health === 'up'));
  expect(await prometheus.query('mongo_failover_is_master')).toMatchObject([
    { metric: { name: hostile, job: 'mongo-failover' }, value: [expect.any(Number), '0'] },
  ]);
  const alertIs = (state: string | null) => async () => {
    const alerts = await prometheus.alerts();
    const found = alerts.find(({ labels }) => labels.alertname === 'MongoFailoverNoMaster');
    return (found?.state ?? null) === state;
  };
  await prometheus.until('nobody is master for long enough', alertIs('firing'));

  await cluster.run();
  await events.first('master');
  await cluster.submitMany([{ id: 1 }, { id: 3 }]);
  await events.done(1);
  await prometheus.until('a master is seen', alertIs(null));
  await prometheus.until('the queue is seen', async () => {
    const [waiting] = await prometheus.query('mongo_failover_queue_tasks');
    return waiting?.value[1] === '1';
  });
  const quantile = 'histogram_quantile(0.99, sum by (le) (mongo_failover_heartbeat_round_trip_seconds_bucket)) > 0';
  await prometheus.until('the beats are seen', async () => (await prometheus.query(quantile)).length === 1);
  expect(await prometheus.query('mongo_failover_build_info')).toHaveLength(1);
  expect(await prometheus.targets()).toMatchObject([{ health: 'up', lastError: '' }]);
  release();
});

test('the alerts are rules, and say what they should', async () => {
  expect(await promtool(['check', 'rules', rules])).toContain('SUCCESS');
  expect(await promtool(['test', 'rules', join(import.meta.dirname, 'alerts.test.yml')])).toContain('SUCCESS');
});

test('each alert is in the reference, and no other', async () => {
  const named = (all: string, pattern: RegExp) => Array.from(all.matchAll(pattern), ([, name]) => name).sort();
  const page = await readFile(join(root, 'docs/reference/metrics.md'), 'utf8');
  expect(named(page, /^\| `(MongoFailover\w+)` \|/gm)).toEqual(named(await readFile(rules, 'utf8'), /- alert: (\w+)/g));
});

test('each expression of the dashboard is one, and reads metrics that there are', async () => {
  const dashboard: unknown = JSON.parse(await readFile(join(root, 'docs/reference/dashboard.json'), 'utf8'));
  const expressions = expressionsIn(dashboard);
  expect(expressions.length).toBeGreaterThan(15);
  const values = { $__rate_interval: '5m', $__range: '1h', $name: '.*' };
  const filled = expressions.map((expr) =>
    Object.entries(values).reduce((written, [variable, value]) => written.replaceAll(variable, value), expr),
  );
  const file = join(await temporaryFolder(), 'rules.yml');
  const recorded = filled.map((expr, index) => ({ record: `panel:${index}`, expr }));
  await writeFile(file, JSON.stringify({ groups: [{ name: 'dashboard', rules: recorded }] }));
  expect(await promtool(['check', 'rules', file])).toContain(`${expressions.length} rules found`);

  const families = await open({ folder: await settledFolder() }).metrics();
  const known = families.flatMap(({ name, type }) => (type === 'histogram' ? [`${name}_bucket`] : [name]));
  const read = [...filled, await readFile(rules, 'utf8')].flatMap((expr) => expr.match(/mongo_failover_\w+/g) ?? []);
  expect(read.filter((name) => !known.includes(name))).toEqual([]);
});

function expressionsIn(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    key === 'expr' && typeof inner === 'string' ? [inner] : expressionsIn(inner),
  );
}
