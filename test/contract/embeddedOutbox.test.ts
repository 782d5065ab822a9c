/** How much of the embedded outbox leaves at a time: beats of all members wait for its lock. */
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { READ_BYTES_MAX } from '../../src/store/embedded/outbox.ts';
import type { Entry } from '../../src/store/outbox.ts';
import { bson } from '../../src/task/bson.ts';
import { createStore } from '../support/builtStore.ts';

const folder = await mkdtemp(join(tmpdir(), 'mongo-failover-'));
afterAll(() => rm(folder, { recursive: true, force: true }));

test('large entries leave a few at a time, and one that is larger than that alone', async () => {
  const store = createStore({ kind: 'embedded', path: join(folder, 'store.d') }, { commandTimeout: 30_000 });
  afterAll(() => store.close());
  await store.open();
  const [name, at] = [randomUUID(), new Date()];
  const sizes = [400, 400, 400, 400, 1500, 400, 1];
  const entries = sizes.map((size, index) => ({
    ...{ id: `task ${index}`, bytes: bson.serialize({ fill: Buffer.alloc(size * 1024) }), at },
    origin: String(index).padStart(24, '0'),
  }));
  await store.outbox.putEntries(name, entries);
  const left: string[][] = [];
  for (;;) {
    const found = (await store.outbox.readEntries(name, at, 128)) as Entry[];
    if (found.length === 0) break;
    const bytes = found.reduce((sum, entry) => sum + entry.bytes.length, 0);
    expect(found.length === 1 || bytes <= READ_BYTES_MAX).toBe(true);
    left.push(found.map(({ id }) => String(id).slice(5)));
    await store.outbox.markEntries(name, found);
    await store.outbox.removeEntries(name, found);
  }
  expect(left).toEqual([['0', '1'], ['2', '3'], ['4'], ['5', '6']]);
});
