/**
 * Gives the metrics to a registry of prom-client, for programs that serve metrics of their own. Nothing of prom-client is
 * loaded here: a metric is an object with a function `get`.
 *
 * The program serves them from its main thread, so there is no answer while that is blocked.
 */
import { emptyFamilies, type MetricFamily } from './families.js';

/** Is what `failover()` returns, as far as it is needed here. */
export interface MetricSource {
  /** Resolves with the metrics. */
  metrics(): Promise<readonly MetricFamily[]>;
}

/** Is a registry of prom-client 14 or later, as far as it is needed here. */
export interface PromRegistry {
  /** Adds a metric. */
  registerMetric(metric: never): void;
}

/** How the values of several workers of `node:cluster` become one. */
type Aggregator = 'sum' | 'max' | 'first';

/** Is added up over the workers; another gauge, such as a term, is not. */
const addedGauges: ReadonlySet<string> = new Set(['mongo_failover_is_master', 'mongo_failover_state']);

/**
 * Registers the metrics of a service. They are read at each collection, together and once.
 *
 * @example
 * ```ts
 * import { failover } from 'mongo-failover';
 * import { register } from 'mongo-failover/prom-client';
 * import { register as registry } from 'prom-client';
 *
 * const service = failover({ nodb: true });
 * register(service, registry);
 * console.log(await registry.metrics());
 * ```
 *
 * @param service What `failover()` has returned.
 * @param registry Where the metrics are added. It refuses those of a second service, whose names are the same.
 */
export function register(service: MetricSource, registry: PromRegistry): void {
  let reading: Promise<Map<string, MetricFamily>> | undefined;
  const read = (): Promise<Map<string, MetricFamily>> => {
    // All metrics of a collection are asked for at once.
    reading ??= service
      .metrics()
      .then((families) => new Map(families.map((family) => [family.name, family])))
      .finally(() => {
        reading = undefined;
      });
    return reading;
  };
  for (const { name, help, type } of emptyFamilies()) {
    const metric = {
      name,
      help,
      type: type === 'info' ? 'gauge' : type,
      aggregator: aggregatorOf(name, type),
      labelNames: [],
      reset() {},
      async get() {
        const { samples = [] } = (await read()).get(name) ?? {};
        const values = samples.map(({ name: metricName, labels, value }) =>
          // The registry itself adds what OpenMetrics wants at the end of a counter's name.
          metricName === name ? { labels, value } : { metricName, labels, value },
        );
        return { name: this.name, help, type: this.type, aggregator: this.aggregator, values };
      },
    };
    registry.registerMetric(metric as never);
  }
}

function aggregatorOf(name: string, type: MetricFamily['type']): Aggregator {
  if (type === 'info') return 'first';
  return type === 'gauge' && !addedGauges.has(name) ? 'max' : 'sum';
}
