const { readFileSync, statSync } = require('node:fs');
const { failover, FailoverError, TaskError } = require('mongo-failover');
const { eventsOf, withFailover } = require('./members.js');

test('work that is a function gets tasks of this realm, and its errors arrive whole', () =>
  withFailover({ failover }, async ({ managed: Managed }) => {
    const failures = [
      () => readFileSync('/there/is/no/such/file'),
      () => {
        throw Object.assign(new RangeError('mine'), { code: 'E_MINE' });
      },
    ];
    const seen = [];
    const cluster = new Managed('functions', 'id', async (task) => {
      failures.shift()?.();
      seen.push(task);
      return true;
    });
    const [failed, done] = [eventsOf(cluster, 'failed'), eventsOf(cluster, 'done')];
    await cluster.run();
    const { mtime } = statSync(__filename);
    const task = {
      id: 1,
      at: new Date(5),
      mtime,
      list: [1, [2]],
      bytes: Buffer.from('x'),
      nested: { re: /a/g, big: 4n },
    };
    expect(await cluster.submitWork(task)).toEqual({ stored: true });
    const [, first] = await failed.next();
    expect(first).toMatchObject({ code: 'ENOENT', message: expect.stringContaining('/there/is/no') });
    const [, second] = await failed.next();
    expect(second).toMatchObject({ name: 'RangeError', message: 'mine', code: 'E_MINE' });
    expect(second.stack).toContain('cluster.test');
    await done.next();
    expect(seen).toEqual([{ ...task, bytes: expect.anything() }]);
    const status = await cluster.status();
    expect(status).toMatchObject({ name: 'functions', state: 'master', done: 1 });
  }));

test('work that is a module runs in a thread, while all timers and clocks of this realm are faked', () =>
  withFailover({ failover }, async ({ managed: Managed }) => {
    const cluster = new Managed('modules', 'id', require.resolve('./work.js'), { maxQueue: 1 });
    const [master, done] = [eventsOf(cluster, 'master'), eventsOf(cluster, 'done')];
    jest.useFakeTimers();
    try {
      const first = cluster.submitWork({ id: 1 });
      const second = cluster.submitWork({ id: 2 }, { wait: true });
      await first;
      await cluster.run();
      await master.next();
      jest.setSystemTime(Date.now() + 3_600_000);
      jest.advanceTimersByTime(60_000);
      expect(cluster.isMaster).toBe(true);
      await second;
      expect(await done.next()).toEqual([1]);
      expect(await done.next()).toEqual([2]);
      await cluster.stop();
    } finally {
      jest.useRealTimers();
    }
  }));

test('errors are of their classes, and match', async () => {
  expect(() => failover({ nodatabase: true })).toThrow(FailoverError);
  expect(() => failover({ nodatabase: true })).toThrow(/nodatabase/);
  await withFailover({ failover }, async ({ managed: Managed }) => {
    const cluster = new Managed('errors', 'id', () => true);
    await expect(cluster.submitWork({ id: 1, map: new Map() })).rejects.toThrow(TaskError);
    await expect(cluster.submitWork({})).rejects.toMatchObject({ code: 'ERR_INVALID_KEY' });
  });
});

test('options with nested objects of this realm are taken', () => {
  failover({
    mongodb: { connectOptions: { auth: { username: 'u', password: 'p' }, readConcern: { level: 'majority' } } },
  });
});

test('after resetModules it is loaded once more, and works', async () => {
  jest.resetModules();
  const again = require('mongo-failover');
  expect(again.failover).not.toBe(failover);
  await withFailover(again, async ({ unmanaged: Unmanaged }) => {
    const cluster = new Unmanaged('again');
    const master = eventsOf(cluster, 'master');
    await cluster.run();
    await master.next();
    expect(await cluster.synchronize(3)).toBe(true);
  });
});

test('its functions can be spied on', () => {
  const whole = require('mongo-failover');
  const spy = jest.spyOn(whole, 'failover').mockReturnValue('mocked');
  expect(whole.failover()).toBe('mocked');
  spy.mockRestore();
  expect(typeof whole.failover({ nodb: true }).close).toBe('function');
});
