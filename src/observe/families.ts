/**
 * The metrics, as families of samples. What is not known is absent. Nothing without bounds is a label: the names of
 * subsystems are all that a program chooses.
 */
import assert from 'node:assert/strict';
import { resolveIntervals } from '../options/intervals.js';
import { type Distribution, lossReasons, outcomes, phases, ServiceCounts, storeCalls } from '../wire/sharedCounts.js';
import type { Build, Watched, WatchedCluster } from './watched.js';

/** Holds one value of a metric. */
export interface MetricSample {
  /** Names the series: that of the family, or that with `_bucket`, `_sum` or `_count`. */
  readonly name: string;
  /** Tells the series of one name apart. */
  readonly labels: { readonly [label: string]: string };
  /** Holds the value; times are in seconds. */
  readonly value: number;
}

/** Holds one metric with all of its values: a part of the answer of `metrics()`. */
export interface MetricFamily {
  /** Names the metric, as Prometheus does. */
  readonly name: string;
  /** Says what it means. */
  readonly help: string;
  /** Says of which kind it is; `info` always has the value 1. */
  readonly type: 'gauge' | 'counter' | 'histogram' | 'info';
  /** Holds its values; empty while none is known. */
  readonly samples: readonly MetricSample[];
}

type Labels = MetricSample['labels'];
/** Labels and a value; null is not known. */
type Value = readonly [Labels, number | null];

/** How old what was measured of a queue may be, in ms. */
const QUEUE_MAX_AGE_MS = 30_000;

/** `now` in monotonic ms. */
export function familiesOf({ clusters, counts }: Watched, build: Build, now: number): MetricFamily[] {
  const groups = new Groups(clusters);
  return [...election(groups), ...service(counts), ...work(groups, now), ...constants(build)];
}

/** Returns all families without values: their names, types and texts. */
export function emptyFamilies(): MetricFamily[] {
  const build: Build = { version: '', node: '', store: '', format: '', intervals: resolveIntervals(undefined) };
  return familiesOf({ counts: new ServiceCounts(), clusters: [] }, build, 0).map((each) => ({ ...each, samples: [] }));
}

function election(groups: Groups): MetricFamily[] {
  const isMaster = ({ lease }: WatchedCluster): boolean => lease.remaining() > 0;
  return [
    gauge(
      'is_master',
      'Whether this member holds the lease',
      groups.each((c) => bit(isMaster(c))),
    ),
    gauge(
      'term',
      'Number of the mastership; on the master',
      groups.each((c) => (isMaster(c) ? c.lease.term : null)),
    ),
    gauge(
      'lease_remaining_seconds',
      'How long the lease of this member still lasts',
      groups.each(({ lease }) => seconds(lease.remaining())),
    ),
    gauge(
      'state',
      'Is 1 for the state of this member',
      groups.oneOf('state', phases, (c) => c.counts.state),
    ),
    counter(
      'transitions_total',
      'Changes of state, by the state entered',
      groups.sums('to', phases, (c) => c.counts.transitions.read()),
    ),
    counter(
      'leases_lost_total',
      'Masterships that ended without a release, by reason',
      groups.sums('reason', lossReasons, (c) => c.counts.losses.read()),
    ),
  ];
}

function service({ takeover, lateness, roundTrip, storeErrors, threads }: ServiceCounts): MetricFamily[] {
  const errors = storeErrors.read();
  const { taken, waiting, waits } = threads.read();
  return [
    histogram('takeover_seconds', 'Time from the last beat seen of the master before to the mastership', [
      [{}, takeover.read()],
    ]),
    histogram('heartbeat_lateness_seconds', 'How late heartbeats were handed to the store', [[{}, lateness.read()]]),
    histogram('heartbeat_round_trip_seconds', 'How long the store took to acknowledge heartbeats', [
      [{}, roundTrip.read()],
    ]),
    gauge('task_threads', 'Task threads, with those that start and end', [[{}, taken]]),
    gauge('task_threads_waiting', 'Subsystems whose next task waits for a task thread', [[{}, waiting]]),
    histogram('task_thread_wait_seconds', 'How long subsystems waited until a task thread could be made', [
      [{}, waits],
    ]),
    counter(
      'store_errors_total',
      'Calls of the store that failed, by call',
      storeCalls.map((op): Value => [{ op }, errors[op]]),
    ),
  ];
}

function work(groups: Groups, now: number): MetricFamily[] {
  const queue = ({ counts }: WatchedCluster) => counts.queue(now - QUEUE_MAX_AGE_MS);
  return [
    gauge(
      'queue_tasks',
      'Tasks that wait, the running one included; on the master',
      groups.each((c) => queue(c).queued),
    ),
    gauge(
      'dead_letters',
      'Dead letters; on the master',
      groups.each((c) => queue(c).dead),
    ),
    gauge(
      'queue_head_age_seconds',
      'How long the task at the head has waited; on the master',
      groups.each((c) => seconds(queue(c).headAge)),
    ),
    gauge(
      'queue_blocked',
      'Whether a task whose attempts are used up blocks the queue; on the master',
      groups.each((c) => bit(queue(c).blocked)),
    ),
    gauge(
      'queue_paused',
      'Whether the subsystem is paused',
      groups.each(({ counts }) => (counts.joined ? bit(counts.paused) : null)),
    ),
    counter(
      'tasks_total',
      'Tries of tasks by this member, by outcome',
      groups.sums('outcome', outcomes, (c) => c.counts.tasks.read()),
    ),
    histogram(
      'task_seconds',
      'How long tasks took that were done',
      groups.totals((c) => c.counts.taskTime.read()),
    ),
  ];
}

function constants({ version, node, store, format, intervals }: Build): MetricFamily[] {
  const values = Object.entries(intervals).map(([interval, ms]): Value => [{ interval }, seconds(ms)]);
  return [
    gauge('interval_seconds', 'Intervals that this member was given', values),
    family('build_info', 'What runs', 'info', [[{ version, node, store, format }, 1]]),
  ];
}

/** The clusters by their names: a program may have several of one name, and a metric no two series of one. */
class Groups {
  private readonly groups: readonly Group[];

  constructor(clusters: readonly WatchedCluster[]) {
    const byName = new Map<string, WatchedCluster[]>();
    for (const cluster of clusters) {
      const group = byName.get(cluster.name);
      if (group === undefined) byName.set(cluster.name, [cluster]);
      else group.push(cluster);
    }
    this.groups = [...byName].map(([name, members]) => ({ labels: { name }, members, leading: leadingOf(members) }));
  }

  each(value: (cluster: WatchedCluster) => number | null): Value[] {
    return this.groups.map(({ labels, leading }) => [labels, value(leading)]);
  }

  /** A series for each of the choices, and 1 for the one that is. */
  oneOf<Choice extends string>(
    label: string,
    choices: readonly Choice[],
    read: (c: WatchedCluster) => Choice,
  ): Value[] {
    return this.groups.flatMap(({ labels, leading }) => {
      const current = read(leading);
      return choices.map((choice): Value => [{ ...labels, [label]: choice }, bit(choice === current)]);
    });
  }

  sums<Key extends string>(
    label: string,
    keys: readonly Key[],
    read: (cluster: WatchedCluster) => { readonly [key in Key]: number },
  ): Value[] {
    return this.groups.flatMap(({ labels, members }) => {
      const all = members.map(read);
      return keys.map((key): Value => [{ ...labels, [label]: key }, all.reduce((sum, counts) => sum + counts[key], 0)]);
    });
  }

  totals(read: (cluster: WatchedCluster) => Distribution): (readonly [Labels, Distribution])[] {
    return this.groups.map(({ labels, members }) => [labels, total(members.map(read))]);
  }
}

interface Group {
  readonly labels: Labels;
  readonly members: readonly WatchedCluster[];
  readonly leading: WatchedCluster;
}

/** Returns the master of them, else the newest. */
function leadingOf(members: readonly WatchedCluster[]): WatchedCluster {
  const found = members.find(({ lease }) => lease.remaining() > 0) ?? members.at(-1);
  assert.ok(found !== undefined, 'a group has a member');
  return found;
}

function total(all: readonly Distribution[]): Distribution {
  const { bounds } = all[0] ?? { bounds: [] };
  const sumOf = (read: (each: Distribution) => number): number => all.reduce((sum, each) => sum + read(each), 0);
  const counts = Array.from({ length: bounds.length + 1 }, (_, index) => sumOf(({ counts: its }) => its[index] ?? 0));
  return { bounds, counts, sum: sumOf(({ sum }) => sum) };
}

const bit = (value: boolean | null): number | null => (value === null ? null : Number(value));
const seconds = (ms: number | null): number | null => (ms === null ? null : ms / 1000);
const gauge = (name: string, help: string, values: readonly Value[]) => family(name, help, 'gauge', values);
const counter = (name: string, help: string, values: readonly Value[]) => family(name, help, 'counter', values);

function family(name: string, help: string, type: MetricFamily['type'], values: readonly Value[]): MetricFamily {
  const full = `mongo_failover_${name}`;
  const samples = values.flatMap(([labels, value]) => (value === null ? [] : [{ name: full, labels, value }]));
  return { name: full, help, type, samples };
}

function histogram(name: string, help: string, values: readonly (readonly [Labels, Distribution])[]): MetricFamily {
  const full = `mongo_failover_${name}`;
  const samples = values.flatMap(([labels, { bounds, counts, sum }]): MetricSample[] => {
    // Each bucket counts those below it, too.
    let count = 0;
    const buckets = [...bounds, Number.POSITIVE_INFINITY].map((bound, index) => {
      count += counts[index] ?? 0;
      return { name: `${full}_bucket`, labels: { ...labels, le: boundText(bound) }, value: count };
    });
    return [...buckets, { name: `${full}_sum`, labels, value: sum }, { name: `${full}_count`, labels, value: count }];
  });
  return { name: full, help, type: 'histogram', samples };
}

function boundText(bound: number): string {
  if (bound === Number.POSITIVE_INFINITY) return '+Inf';
  return Number.isInteger(bound) ? `${bound}.0` : String(bound);
}
