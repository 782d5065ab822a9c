/** More who wait for room than one call can have arguments: they are served in their order, or hear of the end. */
import { expect, test } from 'vitest';
import { open, settledFolder } from '../support/clusters.ts';

const WAITERS = 150_000;
/** For a busy machine, in ms. */
const LIMIT = 180_000;
const ROOM = 1000;
const alwaysDone = new URL('./fixtures/alwaysDone.mjs', import.meta.url);

async function fullMember() {
  const { managed: Managed } = open({ folder: await settledFolder() });
  const cluster = new Managed('waiters', 'id', alwaysDone, { maxQueue: ROOM });
  const panics: Error[] = [];
  cluster.on('panic', (error) => panics.push(error));
  const order: number[] = [];
  const waiting = Array.from({ length: WAITERS }, (_, id) =>
    cluster.submitWork({ id }, { wait: true }).then(() => order.push(id)),
  );
  return { cluster, panics, order, waiting };
}

test(
  'all of them find room, in the order of their calls',
  async () => {
    const { cluster, panics, order, waiting } = await fullMember();
    await cluster.run();
    await Promise.all(waiting);
    expect(order.findIndex((id, index) => id !== index)).toBe(-1);
    expect(order).toHaveLength(WAITERS);
    expect(panics).toEqual([]);
  },
  LIMIT,
);

test(
  'all who found none hear that the cluster has stopped',
  async () => {
    const { cluster, panics, waiting } = await fullMember();
    const settled = Promise.allSettled(waiting);
    await waiting[ROOM - 1];
    await cluster.stop();
    const codes = new Map<unknown, number>();
    for (const result of await settled) {
      const code = result.status === 'fulfilled' ? 'queued' : result.reason.code;
      codes.set(code, (codes.get(code) ?? 0) + 1);
    }
    expect(Object.fromEntries(codes)).toEqual({ queued: ROOM, ERR_STOPPED: WAITERS - ROOM });
    expect(panics).toEqual([]);
  },
  LIMIT,
);
