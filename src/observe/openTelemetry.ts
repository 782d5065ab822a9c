/**
 * Gives the metrics to a meter of OpenTelemetry, as observable instruments. Nothing of OpenTelemetry is loaded here: the
 * program hands its meter in.
 *
 * There is no observable histogram in OpenTelemetry, so of each histogram the count and the sum are instruments.
 */
import { emptyFamilies, type MetricFamily, type MetricSample } from './families.js';

export {
  type OpenTelemetryApi,
  type OpenTelemetrySpan,
  type SpanContextCarrier,
  type SpanStart,
  type Spans,
  type SpansOptions,
  spans,
  type TracedBatchCluster,
  type TracedCluster,
  type TracedContext,
} from './spans.js';

/** Is what `failover()` returns, as far as it is needed here. */
export interface MetricSource {
  /** Resolves with the metrics. */
  metrics(): Promise<readonly MetricFamily[]>;
}

/** Describes an instrument. */
export interface InstrumentOptions {
  /** Says what it means. */
  description?: string;
  /** Names the unit, such as `s`. */
  unit?: string;
}

/** Is the result that the observations of one collection are added to. */
export interface Observations {
  /** Adds a value. */
  observe(instrument: never, value: number, attributes?: { [attribute: string]: string }): void;
}

/** Is a meter of `@opentelemetry/api` 1.3 or later, as far as it is needed here. */
export interface OpenTelemetryMeter {
  /** Makes an instrument whose value goes up and down. */
  createObservableGauge(name: string, options?: InstrumentOptions): unknown;
  /** Makes an instrument whose value only rises. */
  createObservableCounter(name: string, options?: InstrumentOptions): unknown;
  /** Has all instruments observed together. */
  addBatchObservableCallback(callback: (result: Observations) => Promise<void>, instruments: never[]): void;
  /** Undoes that. */
  removeBatchObservableCallback(callback: (result: Observations) => Promise<void>, instruments: never[]): void;
}

const PREFIX = 'mongo_failover_';
const DURATION = '_seconds';

/** Names that follow the conventions of OpenTelemetry for messaging. */
const conventional: { readonly [name: string]: string } = {
  mongo_failover_tasks_total: 'messaging.client.consumed.messages',
  mongo_failover_task_seconds: 'messaging.process.duration',
  mongo_failover_queue_tasks: 'mongo_failover.queue.tasks',
  mongo_failover_queue_head_age_seconds: 'mongo_failover.queue.head_age',
  mongo_failover_queue_blocked: 'mongo_failover.queue.blocked',
  mongo_failover_queue_paused: 'mongo_failover.queue.paused',
  mongo_failover_heartbeat_lateness_seconds: 'mongo_failover.heartbeat.lateness',
  mongo_failover_heartbeat_round_trip_seconds: 'mongo_failover.heartbeat.round_trip',
};

/** Counters of messages have a unit, as the conventions ask. */
const units: { readonly [name: string]: string } = { mongo_failover_tasks_total: '{message}' };

/**
 * Registers the metrics of a service as instruments of a meter. What is not known is not observed.
 *
 * @example
 * ```ts
 * import { metrics } from '@opentelemetry/api';
 * import { failover } from 'mongo-failover';
 * import { register } from 'mongo-failover/opentelemetry';
 *
 * const service = failover({ nodb: true });
 * const remove = register(service, metrics.getMeter('mongo-failover'));
 * await service.close();
 * remove();
 * ```
 *
 * @param service What `failover()` has returned.
 * @param meter Where the instruments are made.
 * @returns How to observe them no more.
 */
export function register(service: MetricSource, meter: OpenTelemetryMeter): () => void {
  const instruments = new Map<string, unknown>();
  for (const family of emptyFamilies()) {
    for (const { sample, make } of instrumentsOf(family, meter)) instruments.set(sample, make());
  }
  const observe = async (result: Observations): Promise<void> => {
    for (const { samples } of await service.metrics()) {
      for (const sample of samples) {
        const instrument = instruments.get(sample.name);
        if (instrument !== undefined) result.observe(instrument as never, sample.value, attributesOf(sample));
      }
    }
  };
  const all = [...instruments.values()] as never[];
  meter.addBatchObservableCallback(observe, all);
  return () => meter.removeBatchObservableCallback(observe, all);
}

interface Made {
  /** Name of the samples that are its values. */
  readonly sample: string;
  readonly make: () => unknown;
}

function instrumentsOf({ name, help, type }: MetricFamily, meter: OpenTelemetryMeter): Made[] {
  const isTime = name.endsWith(DURATION);
  const plain = name.slice(PREFIX.length).replace(type === 'counter' ? /_total$/ : /_(?:seconds|info)$/, '');
  const instrument = conventional[name] ?? `mongo_failover.${plain}`;
  const unit = isTime ? 's' : (units[name] ?? '1');
  if (type === 'counter') {
    return [{ sample: name, make: () => meter.createObservableCounter(instrument, { description: help, unit }) }];
  }
  if (type !== 'histogram') {
    return [{ sample: name, make: () => meter.createObservableGauge(instrument, { description: help, unit }) }];
  }
  return (['count', 'sum'] as const).map((part) => ({
    sample: `${name}_${part}`,
    make: () =>
      meter.createObservableCounter(`${instrument}.${part}`, {
        description: `${help}: ${part === 'count' ? 'how often' : 'in total'}`,
        unit: part === 'count' ? '1' : unit,
      }),
  }));
}

function attributesOf({ name, labels }: MetricSample): { [attribute: string]: string } {
  const { name: subsystem, ...others } = labels;
  if (subsystem === undefined) return { ...others };
  const isMessaging = /^mongo_failover_tasks?_/.test(name);
  if (!isMessaging) return { ...others, name: subsystem };
  return { ...others, 'messaging.system': 'mongo_failover', 'messaging.destination.name': subsystem };
}
