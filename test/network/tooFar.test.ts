/** A server that is too far for the intervals: the member works where it can, and says what it would need. */
import { expect, onTestFinished, test } from 'vitest';
import { open, short } from '../support/clusters.ts';
import { Events } from '../support/events.ts';
import { settledUri } from '../support/settled.ts';
import { TcpProxy } from '../support/tcpProxy.ts';

test('an error names the time that was measured, and intervals that would do', async () => {
  const uri = await settledUri();
  const proxy = await TcpProxy.before(uri);
  onTestFinished(() => proxy.close());
  proxy.roundTrip = 400;
  const { unmanaged: Unmanaged } = open({ mongodb: { connectString: proxy.uri(uri) }, intervals: short });
  const cluster = new Unmanaged('far');
  const events = new Events(cluster);
  await cluster.run();
  const isTold = (error: unknown) => error instanceof Error && Reflect.get(error, 'code') === 'ERR_INTERVALS_TOO_SHORT';
  const [error] = await events.first('error', isTold);
  const said = /takes (\d+) ms .*SLAVE to (\d+) and intervals\.TICKING to (\d+) or more/s.exec(String(error));
  const [measured = 0, slave = 0, ticking = 0] = (said ?? []).slice(1).map(Number);
  expect(measured).toBeGreaterThanOrEqual(400);
  expect(slave + ticking).toBeGreaterThan(short.SLAVE + short.TICKING);
  await events.first('master');
  expect(events.of('error').filter(([told]) => isTold(told))).toHaveLength(1);

  // With intervals that do, there is nothing to say.
  await cluster.stop();
  const intervals = { ...short, SLAVE: 3 * slave, TICKING: 3 * ticking };
  const other = new (open({ mongodb: { connectString: proxy.uri(uri) }, intervals }).unmanaged)('far');
  const others = new Events(other);
  await other.run();
  await others.first('master');
  expect(others.of('error').filter(([told]) => isTold(told))).toEqual([]);
});
