/** Into which calls of the store's thread a call for many is cut. */
import { expect, test } from 'vitest';
import { EmbeddedMany } from '../../../../src/store/embedded/embeddedMany.ts';
import type { StoreCaller } from '../../../../src/store/embedded/storeThread.ts';

function many(): { readonly many: EmbeddedMany; readonly sizes: [string, number][] } {
  const sizes: [string, number][] = [];
  const call = async (name: string, [asked]: readonly [readonly unknown[]]): Promise<unknown> => {
    sizes.push([name, asked.length]);
    return asked.map(() => ({ value: true }));
  };
  // Each call is answered by as many as it asks for.
  return { many: new EmbeddedMany({ call } as unknown as Pick<StoreCaller, 'call'>), sizes };
}

const progress = { identifier: null, count: 0, recent: [] };
const members = Array.from({ length: 250 }, (_, index) => {
  return { id: `${index}`, name: 'x', host: 'h', pid: 1, state: 'slave', at: new Date(0) };
});

test('beats of a thousand leases are one call, and lines of members never hold them up for long', async () => {
  const { many: calls, sizes } = many();
  const beats = Array.from({ length: 1500 }, (_, index) => {
    return { tenure: { name: `${index}`, term: 1, holder: 'h' }, beat: 1, progress };
  });
  expect(await calls.beatAll(beats)).toHaveLength(1500);
  await calls.putMembers(members);
  await calls.removeMembers(members.map(({ id }) => id));
  await calls.readNoticesOf(members.map(({ id }) => id));
  expect(sizes).toEqual([
    ...[1000, 500].map((size) => ['beatAll', size]),
    ...['putMembers', 'removeMembers', 'readNoticesOf'].flatMap((name) => [100, 100, 50].map((size) => [name, size])),
  ]);
});
