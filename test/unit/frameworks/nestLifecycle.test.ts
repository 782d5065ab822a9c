/** What the module for NestJS binds of what it finds. The suite of the frameworks has real applications. */
import { EventEmitter } from 'node:events';
import { expect, test, vi } from 'vitest';
import type { Clusters } from '../../../src/frameworks/nestClusters.ts';
import { noting } from '../../../src/frameworks/nestDecorators.ts';
import { type Discovered, Lifecycle } from '../../../src/frameworks/nestLifecycle.ts';

// The module imports the package by its name, as its users do.
vi.mock('mongo-failover', () => import('../../../src/index.ts'));

class Jobs {
  readonly called: string[] = [];
  begin(): void {
    this.called.push('begin');
  }
  rest(): void {
    this.called.push('rest');
  }
}
noting('billing', 'master')(Jobs.prototype, 'begin', {});
noting('billing', 'standby')(Jobs.prototype, 'rest', {});

function bound(...found: { instance: object; metatype: unknown }[]): EventEmitter {
  const cluster = new EventEmitter();
  const providers = found.map((each): Discovered => ({ ...each, isDependencyTreeStatic: () => true }));
  const clusters = { get: () => cluster } as unknown as Clusters;
  new Lifecycle(clusters, { getProviders: () => providers, getControllers: () => [] }).onModuleInit();
  return cluster;
}

test('an object that is found again by an alias is called once for each change', () => {
  const [jobs, other] = [new Jobs(), new Jobs()];
  const alias = (instance: object) => instance;
  const cluster = bound(
    { instance: jobs, metatype: alias },
    { instance: jobs, metatype: Jobs },
    { instance: other, metatype: Jobs },
  );
  cluster.emit('statechange', 'ticking', 'master');
  cluster.emit('statechange', 'master', 'slave');
  expect([jobs.called, other.called]).toEqual([
    ['begin', 'rest'],
    ['begin', 'rest'],
  ]);
});
