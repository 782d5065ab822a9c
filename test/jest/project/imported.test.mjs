import { createRequire } from 'node:module';
import { jest } from '@jest/globals';
import { failover, TaskError } from 'mongo-failover';
import { eventsOf, withFailover } from './members.js';

const require = createRequire(import.meta.url);

test('an ES module imports it, and its function and its module do tasks', () =>
  withFailover({ failover }, async ({ managed: Managed }) => {
    const cluster = new Managed('imported', 'id', (task) => task.at instanceof Date || task.at !== undefined);
    const threaded = new Managed('threaded', 'id', new URL('./work.js', import.meta.url));
    const [done, also, master] = [eventsOf(cluster, 'done'), eventsOf(threaded, 'done'), eventsOf(cluster, 'master')];
    await Promise.all([cluster.run(), threaded.run()]);
    await master.next();
    jest.useFakeTimers({ advanceTimers: false });
    jest.setSystemTime(Date.now() + 3_600_000);
    expect(cluster.isMaster).toBe(true);
    await cluster.submitWork({ id: 1, at: new Date() });
    expect(await done.next()).toEqual([1]);
    jest.useRealTimers();
    await threaded.submitWork({ id: 2 });
    expect(await also.next()).toEqual([2]);
    await expect(cluster.submitWork({ id: 1, map: new Map() })).rejects.toThrow(TaskError);
    expect(typeof require('mongo-failover').failover).toBe('function');
  }));
