import { expect, test } from '@jest/globals';
import { type Failover, failover, StateError } from 'mongo-failover';
import { eventsOf, withFailover } from './members';

test('TypeScript imports it, and it does a task', () =>
  withFailover({ failover }, async ({ managed }: Failover) => {
    const cluster = new managed<{ id: number }>('typed', 'id', (task) => task.id === 1);
    const done = eventsOf(cluster, 'done');
    await cluster.run();
    await cluster.submitWork({ id: 1 });
    expect(await done.next()).toEqual([1]);
    await expect(cluster.run()).rejects.toThrow(StateError);
  }));
