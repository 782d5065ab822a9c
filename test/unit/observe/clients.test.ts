/** The metrics in the registry of prom-client, and in a meter of OpenTelemetry: both are the real ones. */
import { metrics } from '@opentelemetry/api';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { type OpenMetricsContentType, type PrometheusContentType, Registry } from 'prom-client';
import { beforeEach, expect, test } from 'vitest';
import { expose } from '../../../src/observe/exposition.ts';
import { register as registerMeter } from '../../../src/observe/openTelemetry.ts';
import { register as registerProm } from '../../../src/observe/promClient.ts';
import { WatchedClusters } from './watchedClusters.ts';

let world: WatchedClusters;
let reads: number;
const service = {
  metrics: async () => {
    reads += 1;
    return world.families();
  },
};

beforeEach(() => {
  world = new WatchedClusters();
  reads = 0;
  world.addMaster('a "b"').counts.tasks.add('done', 3);
  world.counts.lateness.record(20);
});

/** The lines of samples, in no order. */
const samplesIn = (text: string): string[] =>
  text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .sort();

test('a registry of prom-client has the same samples, and reads them once for each collection', async () => {
  const registry = new Registry<PrometheusContentType>();
  registerProm(service, registry);
  expect(samplesIn(await registry.metrics())).toEqual(samplesIn(expose(world.families(), 'prometheus')));
  expect(reads).toBe(1);
  world.counts.lateness.record(20);
  expect(await registry.metrics()).toContain('\nmongo_failover_heartbeat_lateness_seconds_count 2\n');
  expect(reads).toBe(2);
  expect(() => registerProm(service, registry)).toThrow('already been registered');
});

test('so has one of OpenMetrics', async () => {
  const registry = new Registry<PrometheusContentType | OpenMetricsContentType>();
  registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
  registerProm(service, registry);
  for (const _ of [1, 2]) {
    expect(samplesIn(await registry.metrics())).toEqual(samplesIn(expose(world.families(), 'openmetrics')));
  }
});

test('a service that fails once is read again', async () => {
  const registry = new Registry<PrometheusContentType>();
  let fails = true;
  const failing = {
    metrics: async () => {
      if (fails) throw new Error('not now');
      return world.families();
    },
  };
  registerProm(failing, registry);
  await expect(registry.metrics()).rejects.toThrow('not now');
  fails = false;
  expect(await registry.metrics()).toContain('mongo_failover_is_master');
});

test('a meter of OpenTelemetry has instruments of the names of its conventions', async () => {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 });
  const provider = new MeterProvider({ readers: [reader] });
  const remove = registerMeter(service, provider.getMeter('test'));
  await reader.forceFlush();
  const exported = exporter.getMetrics().flatMap(({ scopeMetrics }) => scopeMetrics.flatMap((scope) => scope.metrics));
  const points = (name: string) => {
    const found = exported.find(({ descriptor }) => descriptor.name === name);
    return found?.dataPoints.map(({ value, attributes }) => [value, attributes]);
  };
  expect(points('mongo_failover.is_master')).toEqual([[1, { name: 'a "b"' }]]);
  expect(points('mongo_failover.term')).toEqual([[7, { name: 'a "b"' }]]);
  expect(points('messaging.client.consumed.messages')).toContainEqual([
    3,
    { outcome: 'done', 'messaging.system': 'mongo_failover', 'messaging.destination.name': 'a "b"' },
  ]);
  expect(points('mongo_failover.heartbeat.lateness.sum')).toEqual([[0.02, {}]]);
  expect(points('mongo_failover.heartbeat.lateness.count')).toEqual([[1, {}]]);
  expect(points('mongo_failover.queue.tasks')?.length ?? 0).toBe(0);
  const lateness = exported.find(({ descriptor }) => descriptor.name === 'mongo_failover.heartbeat.lateness.sum');
  expect(lateness?.descriptor.unit).toBe('s');
  expect(
    exported.filter(({ descriptor }) => !/^(?:mongo_failover|messaging)\.[a-z._]+$/.test(descriptor.name)),
  ).toEqual([]);
  remove();
  await reader.forceFlush();
  expect(reads).toBe(1);
  await provider.shutdown();
});

test('the meter of the API takes it too, where no provider is set', () => {
  registerMeter(service, metrics.getMeter('test'))();
});
