/**
 * What the samples share: a service with one subsystem, `billing`, whose tasks are kept in the store. MONGODB_URI names the
 * database; without it, it is the embedded store of this machine. INTERVALS has other intervals, as JSON.
 */
import { writeSync } from 'node:fs';
import { type Cluster, type FailoverOptions, failover } from 'mongo-failover';

export interface Bill {
  id: string;
  /** How long it takes, in ms. */
  ms: number;
}

export const options: FailoverOptions = {
  ...(process.env.MONGODB_URI ? { mongodb: { connectString: process.env.MONGODB_URI } } : { nodb: true }),
  intervals: JSON.parse(process.env.INTERVALS ?? '{}'),
};
export const work = new URL('./work.js', import.meta.url);
export const port = Number(process.env.PORT ?? 3000);

/** Makes the service and its cluster. */
export function openBilling() {
  const service = failover(options);
  const cluster = new service.managed<Bill>('billing', 'id', work, { durable: true });
  follow(cluster);
  return { service, cluster };
}

export function follow(cluster: Cluster): void {
  cluster.on('statechange', (from, to) => log(`state ${from} -> ${to}, term ${cluster.term}, process ${process.pid}`));
  cluster.on('done', (id) => log(`done ${id}`));
  cluster.on('error', (error) => log(`error ${error.message}`));
  cluster.on('panic', (error) => log(`panic ${error.message}`));
}

/** At once, so nothing is lost when the process ends. */
export function log(text: string): void {
  writeSync(2, `${text}\n`);
}

/** Reads a task from the path of a request, such as `/tasks/a?ms=100`. */
export function billOf(url: string | undefined): Bill {
  const { pathname, searchParams } = new URL(url ?? '/', 'http://localhost');
  return { id: pathname.replace('/tasks/', ''), ms: Number(searchParams.get('ms') ?? 100) };
}
