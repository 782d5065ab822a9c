/** What operators ask for without a member. The rules themselves are tested in test/unit/requests. */
import { describe, expect, test } from 'vitest';
import {
  askHandOver,
  askPause,
  askResume,
  followHandOver,
  heldUnder,
  membersBy,
} from '../../../src/operations/requests.ts';
import type { Member } from '../../../src/store/store.ts';
import { VirtualClock } from '../../support/virtualClock.ts';
import { PlayedStore } from '../requests/playedStore.ts';

const asked = { id: 'one', name: 'x', to: undefined, ifTerm: undefined, by: 'me@here', reason: undefined };
const pause = { name: 'x', by: 'me@here', reason: undefined, duration: undefined, standby: false };

describe('an operator', () => {
  test('asks for a hand-over, and follows it to its end', async () => {
    const clock = new VirtualClock();
    const store = new PlayedStore(clock.wall());
    const result = await askHandOver(store.reader, store, asked, clock);
    if (result.type === 'refused') throw new Error(result.why);
    const following = followHandOver(store.reader, store, 'x', result.request, { timeout: 5000, clock });
    await clock.advance(1000);
    store.won(4, 'b');
    await clock.advance(1000);
    expect(await following).toEqual({ type: 'done', term: 4, holder: 'b' });
  });

  test('pauses once, and resumes', async () => {
    const clock = new VirtualClock();
    const store = new PlayedStore(clock.wall());
    expect(await askPause(store.reader, store, pause, clock)).toMatchObject({ type: 'asked' });
    expect(await askPause(store.reader, store, pause, clock)).toMatchObject({ type: 'refused' });
    expect(await askResume(store.reader, store, 'x')).toMatchObject({ type: 'asked' });
    expect(await askResume(store.reader, store, 'x')).toMatchObject({ type: 'refused' });
  });

  test('is told of a lease that cannot be read', async () => {
    const clock = new VirtualClock();
    const store = new PlayedStore(clock.wall());
    const [entry] = await store.reader.leasesOf(['x']);
    if (entry === undefined) throw new Error('there is no lease');
    const reader = { ...store.reader, leasesOf: async () => [{ ...entry, lease: null, problem: 'alien' }] };
    await expect(askHandOver(reader, store, asked, clock)).rejects.toMatchObject({ code: 'ERR_STORE_DATA' });
  });
});

describe('members', () => {
  const member = (id: string): Member => ({ id, name: 'x', host: 'h', pid: 1, state: 'slave', at: new Date(0) });
  const members = ['h:1:ab', 'h:12:cd', 'h:12:ce'].map(member);

  test.each([
    ['h:1:', ['h:1:ab']],
    ['h:1', ['h:1:ab', 'h:12:cd', 'h:12:ce']],
    ['h:12:cd', ['h:12:cd']],
    ['nobody', []],
  ])('%s is the beginning of %j', (prefix, ids) => {
    expect(membersBy(prefix, members).map(({ id }) => id)).toEqual(ids);
  });

  test('the one of exactly this id goes before those that it is the beginning of', () => {
    expect(membersBy('h', [...members, member('h')]).map(({ id }) => id)).toEqual(['h']);
  });

  test('what a drained member holds is told, unless it is dead', async () => {
    const store = new PlayedStore(0);
    const held = (now: number) => heldUnder(store.reader, ({ host }) => host === 'h', { wall: () => now });
    expect(await held(1000)).toEqual([{ name: 'x', holder: 'a' }]);
    expect(await held(10_000)).toEqual([]);
    store.releases();
    expect(await held(1000)).toEqual([]);
  });
});
