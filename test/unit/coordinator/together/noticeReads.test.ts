/** Reading notices, and lines of members, takes few connections from beats, however many members ask and however much is there. */
import { expect, test } from 'vitest';
import { togetherStore } from '../../../../src/coordinator/together/togetherStore.ts';
import { noticeIds } from '../../../../src/store/documents.ts';
import { MongodbMany } from '../../../../src/store/mongodb/mongodbMany.ts';
import type { Notice } from '../../../../src/store/store.ts';
import type { FullStore } from '../../../../src/store/taskStore.ts';
import { VirtualClock } from '../../../support/virtualClock.ts';

const LIMIT = 912;

/** A server that holds so many notices of others, and takes 20 ms for a command. */
function server(others: number) {
  const clock = new VirtualClock();
  const seen = { commands: 0, atOnce: 0, most: 0 };
  const own = noticeIds('n0').slice(0, 1).map(String);
  const ids = [...Array.from({ length: others }, (_, index) => `notice/a${index}`), ...own];
  const command = async <T>(answer: () => T): Promise<T> => {
    seen.commands += 1;
    seen.atOnce += 1;
    seen.most = Math.max(seen.most, seen.atOnce);
    await new Promise<void>((resolve) => clock.at(clock.now() + 20, resolve));
    seen.atOnce -= 1;
    return answer();
  };
  const find = (_: string, __: string, { _id }: { _id: { $in?: string[] } }, { limit }: { limit: number }) => {
    const { $in } = _id;
    const found = $in === undefined ? ids : ids.filter((id) => $in.includes(id));
    return command(() => found.slice(0, limit).map((id) => ({ _id: id })));
  };
  const many = new MongodbMany({
    commands: { find, findWhole: () => command(() => null) },
    readNotice: ({ _id }: { _id: string }) => [{ name: _id }],
    listMembers: (name: string) => command(() => [{ name }]),
  } as unknown as ConstructorParameters<typeof MongodbMany>[0]);
  const alone = {
    open: async () => {},
    readNotices: (name: string) => many.readNoticesOf([name]).then(([one]) => one),
  };
  const soon = (callback: () => void): void => void clock.at(clock.now(), callback);
  const store = togetherStore({ ...alone, many } as unknown as FullStore, { clock, limit: LIMIT, soon });
  return { clock, seen, store, many };
}

test.each([
  { members: 1000, others: 10, commands: 1 },
  { members: 10_000, others: 10, commands: 10 },
  { members: 1000, others: 2000, commands: 3 },
  { members: 10_000, others: 2000, commands: 30 },
])(
  '$members members and $others notices of others: one command after another',
  async ({ members, others, commands }) => {
    const { clock, seen, store } = server(others);
    const opened = store.readNotices('n0');
    await clock.advance(100);
    await opened;
    Object.assign(seen, { commands: 0, most: 0 });
    const reading: Promise<Notice[]>[] = Array.from({ length: members }, (_, index) => store.readNotices(`n${index}`));
    const all = Promise.all(reading);
    await clock.advance(2000);
    const [first, ...rest] = await all;
    expect(first).toEqual([{ name: noticeIds('n0')[0] }]);
    expect(rest.flat()).toEqual([]);
    expect(seen).toEqual({ commands, most: 1, atOnce: 0 });
  },
);

test('lines of many names that one answer does not hold are asked for a few names at once', async () => {
  const { clock, seen, many } = server(0);
  const names = Array.from({ length: 30 }, (_, index) => `n${index}`);
  const listing = many.listMembersOf(names);
  await clock.advance(2000);
  expect((await listing).flat().map(({ name }) => name)).toEqual(names);
  expect(seen).toMatchObject({ commands: 31, most: 4 });
});
