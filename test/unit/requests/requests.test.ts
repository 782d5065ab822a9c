/** The rules of requests, which are the same for members and for programs without one. */
import { beforeEach, describe, expect, test } from 'vitest';
import { StoreError, toWire } from '../../../src/errors.ts';
import type { Desk } from '../../../src/requests/desk.ts';
import { follow, type HandOverWritten, lateText, writeHandOver } from '../../../src/requests/handOver.ts';
import { endPause, writePause } from '../../../src/requests/pause.ts';
import { pause as wait } from '../../../src/time/pause.ts';
import { VirtualClock } from '../../support/virtualClock.ts';
import { PlayedStore } from './playedStore.ts';

const TIMEOUT = 5000;

describe.each(['a member', 'a program without one'])('asked by %s', (who) => {
  let store: PlayedStore;
  let clock: VirtualClock;
  let desk: Desk;

  beforeEach(() => {
    clock = new VirtualClock();
    store = new PlayedStore(clock.wall());
    const found = store.desks[who];
    if (found === undefined) throw new Error(`there is no ${who}`);
    desk = found;
  });

  const ask = (fields: { id?: string; to?: string; ifTerm?: number; by?: string; reason?: string } = {}) => {
    const { id = 'one', to, ifTerm, by = 'me@here', reason } = fields;
    return writeHandOver(desk, { id, name: 'x', to, ifTerm, by, reason }, clock);
  };

  async function written(): Promise<HandOverWritten> {
    const asked = await ask();
    if (asked.type !== 'asked') throw new Error(asked.why);
    return asked.request;
  }

  describe('a hand-over', () => {
    test('is a request to the master of the present term', async () => {
      expect(await ask({ to: 'b', reason: 'new kernel' })).toMatchObject({
        type: 'asked',
        request: { id: 'one', term: 3, to: 'b', state: 'asked', master: 'a' },
      });
      const { handOver } = store.orders ?? {};
      expect(handOver).toEqual({
        ...{ id: 'one', term: 3, to: 'b', by: 'me@here', reason: 'new kernel' },
        ...{ at: new Date(clock.wall()), state: 'asked' },
      });
    });

    test('may name a beginning of an id', async () => {
      store.joins('spare:1');
      expect(await ask({ to: 'spa' })).toMatchObject({ request: { to: 'spare:1' } });
    });

    test('to an id that others begin with is to that one', async () => {
      store.joins('b:2');
      expect(await ask({ to: 'b' })).toMatchObject({ request: { to: 'b' } });
    });

    test.each<[string, () => void, Parameters<typeof ask>[0], string | RegExp]>([
      ['in another term', () => {}, { ifTerm: 2 }, 'its term is 3, and not 2'],
      ['to the master', () => {}, { to: 'a' }, 'a is the master already'],
      ['to a member that is not there', () => {}, { to: 'c' }, 'it has no member c'],
      ['to one of several', () => store.joins('cb'), { to: '' }, /may be a or b or cb: name one/],
      ['to a drained one', () => store.joins('c', { drained: true }), { to: 'c' }, /c cannot be master: it is drained/],
      ['to one of priority 0', () => store.joins('c', { priority: 0 }), { to: 'c' }, /its priority is 0/],
      ['to one that is gone', () => store.joins('c', { at: new Date(clock.wall() - 90_001) }), { to: 'c' }, /90 s/],
      ['without a master', () => store.releases(), {}, 'it has no master that could hand over'],
      ['without a lease', () => store.forgets(), {}, 'it has no master that could hand over'],
      ['without another member', () => void store.members.pop(), {}, /no other member that could be master/],
    ])('%s is refused', async (_, play, fields, why) => {
      play();
      expect(await ask(fields)).toEqual({
        type: 'refused',
        why: typeof why === 'string' ? why : expect.stringMatching(why),
      });
      expect(store.writes).toBe(0);
    });

    test('without a member that could be master says what is wrong with each', async () => {
      store.members = [];
      store.joins('b', { drained: true });
      store.joins('c', { priority: 0 });
      expect(await ask()).toMatchObject({ why: expect.stringMatching(/b: it is drained; c: its priority is 0/) });
    });

    test('to a member of an earlier version, which says less of itself, is written', async () => {
      const at = new Date(clock.wall() - 80_000);
      store.members = [{ id: 'old', name: 'x', host: 'h', pid: 1, state: 'slave', at }];
      expect(await ask({ to: 'old' })).toMatchObject({ type: 'asked' });
    });

    test('while it is paused to standby is refused, and else a pause is no matter', async () => {
      await writePause(desk, pause(undefined, true), { clock, replaces: false });
      expect(await ask()).toMatchObject({ why: expect.stringMatching(/paused to standby/) });
      await writePause(desk, pause(), { clock, replaces: true });
      expect(await ask()).toMatchObject({ type: 'asked' });
    });

    test.each(['asked', 'accepted'] as const)('over one of this term that is %s is refused', async (state) => {
      await ask();
      store.answers(state);
      const why = `me@here has asked for a hand-over already, at ${new Date(clock.wall()).toISOString()}`;
      expect(await ask({ id: 'two' })).toEqual({ type: 'refused', why });
      expect(store.orders?.handOver?.id).toBe('one');
    });

    test('over what the master gives away by itself is written', async () => {
      await ask({ by: 'a', reason: 'rebalance' });
      store.answers('accepted');
      expect(await ask({ id: 'two' })).toMatchObject({ type: 'asked' });
      store.answers('accepted');
      expect(await ask({ id: 'three' })).toMatchObject({ type: 'refused' });
    });

    test('over one that no master has seen for a minute is written', async () => {
      await ask();
      await clock.advance(60_000);
      expect(await ask({ id: 'two' })).toMatchObject({ type: 'refused' });
      await clock.advance(1);
      expect(await ask({ id: 'two' })).toMatchObject({ type: 'asked' });
      store.answers('accepted');
      await clock.advance(60_001);
      expect(await ask({ id: 'three' })).toMatchObject({ type: 'refused', why: expect.stringContaining('already') });
    });

    test.each(['refused', 'done'] as const)('over one that is %s is written', async (state) => {
      await ask();
      store.answers(state, 'a task runs');
      expect(await ask({ id: 'two' })).toMatchObject({ type: 'asked' });
      expect(store.orders?.handOver).toMatchObject({ id: 'two', state: 'asked' });
      expect(store.orders?.handOver).not.toHaveProperty('why');
    });

    test('over an open one of another term is written', async () => {
      await ask();
      store.won(4, 'b');
      expect(await ask({ id: 'two' })).toMatchObject({ request: { term: 4, master: 'b' } });
    });

    test('is decided again if another write comes first', async () => {
      store.before = () => {
        store.before = () => {};
        store.won(4, 'b');
        store.orders = { name: 'x', version: 9 };
      };
      expect(await ask()).toMatchObject({ request: { term: 4, master: 'b' } });
      expect(store.orders).toMatchObject({ version: 10, handOver: { term: 4 } });
    });

    test('fails if others do not stop writing', async () => {
      store.before = () => {
        store.orders = { name: 'x', version: (store.orders?.version ?? 0) + 1 };
      };
      await expect(ask()).rejects.toMatchObject({ code: 'ERR_STORE' });
    });

    test('over orders that cannot be read fails, and leaves them', async () => {
      store.unreadable = toWire(new StoreError('ERR_STORE_DATA', 'of a later version'));
      await expect(ask()).rejects.toMatchObject({ code: 'ERR_STORE_DATA', message: 'of a later version' });
      expect(store.writes).toBe(0);
    });
  });

  describe('the following', () => {
    async function followed(play: () => void, request?: HandOverWritten) {
      const order = request ?? (await written());
      const following = follow(desk, {
        ...{ name: 'x', request: order, master: order.master, timeout: TIMEOUT, clock },
        nextLook: () => wait(clock, 200),
      });
      await clock.advance(1000);
      play();
      await clock.advance(TIMEOUT);
      return following;
    }

    test('ends with the next mastership', async () => {
      expect(await followed(() => store.won(4, 'b'))).toEqual({ type: 'done', term: 4, holder: 'b' });
    });

    test('waits for the record of a claim', async () => {
      expect(await followed(() => store.claims(4, 'b'))).toMatchObject({ type: 'late', state: 'asked' });
    });

    test('waits if the next one has released already', async () => {
      const outcome = followed(() => {
        store.won(4, 'b');
        store.releases();
      });
      expect(await outcome).toMatchObject({ type: 'late' });
    });

    test('does not count the old master', async () => {
      const why = 'no other member took over, so a is master again, under term 4';
      expect(await followed(() => store.won(4, 'a'))).toEqual({ type: 'refused', why });
    });

    test.each([
      ['a task runs', 'a task runs'],
      [undefined, 'the master gave no reason'],
    ])('ends with a refusal, %s', async (why, told) => {
      expect(await followed(() => store.answers('refused', why))).toEqual({ type: 'refused', why: told });
    });

    test('ends if it is taken back', async () => {
      const outcome = await followed(() => {
        store.orders = { name: 'x', version: 9 };
      });
      expect(outcome).toEqual({ type: 'refused', why: 'it was taken back' });
    });

    test('ends if another one has its place, as earlier versions write it', async () => {
      const outcome = await followed(() => {
        const at = new Date(0);
        store.orders = { ...{ name: 'x', version: 9 }, handOver: { id: 'z', term: 3, by: 'you', at, state: 'asked' } };
      });
      expect(outcome).toEqual({ type: 'refused', why: 'another request has taken its place, of you' });
    });

    test('sees the mastership before the next request', async () => {
      const outcome = await followed(() => {
        store.won(4, 'b');
        const at = new Date(0);
        store.orders = { ...{ name: 'x', version: 9 }, handOver: { id: 'z', term: 4, by: 'you', at, state: 'asked' } };
      });
      expect(outcome).toEqual({ type: 'done', term: 4, holder: 'b' });
    });

    test('ends with a pause to standby only once nobody is master', async () => {
      const order = await written();
      await writePause(desk, pause(undefined, true), { clock, replaces: false });
      expect(await followed(() => store.releases(), order)).toEqual({
        type: 'refused',
        why: 'it was paused to standby',
      });
    });

    test.each(['asked', 'accepted'] as const)('takes back what is %s when the time is over', async (state) => {
      const outcome = await followed(() => store.answers(state));
      expect(outcome).toEqual({ type: 'late', wasAccepted: state === 'accepted', state, trouble: null });
      expect(store.orders?.handOver).toBeUndefined();
    });

    test('leaves what is done, so the next member sees whom it was for', async () => {
      const outcome = await followed(() => {
        store.answers('done');
        store.releases();
      });
      expect(outcome).toMatchObject({ type: 'late', wasAccepted: true, state: 'done' });
      expect(store.orders?.handOver).toMatchObject({ state: 'done' });
    });

    test('goes on when the store is back', async () => {
      const order = await written();
      store.failing = new StoreError('ERR_STORE_UNAVAILABLE', 'away');
      const outcome = followed(() => {
        store.failing = null;
        store.won(4, 'b');
      }, order);
      expect(await outcome).toMatchObject({ type: 'done' });
    });

    test('tells of a store that is away at the end', async () => {
      const outcome = await followed(() => {
        store.failing = new StoreError('ERR_STORE_UNAVAILABLE', 'away');
      });
      expect(outcome).toMatchObject({ type: 'late', state: 'unknown', trouble: 'away' });
      if (outcome.type === 'late') expect(lateText(outcome)).toMatch(/may still be there.*\(away\)/);
    });

    test('is told of a refusal that came with the end', async () => {
      const order = await written();
      // The last look sees it open; the request is answered before it is taken back.
      store.before = () => {
        store.before = () => {};
        store.answers('refused', 'a task runs');
      };
      expect(await followed(() => {}, order)).toEqual({ type: 'refused', why: 'a task runs' });
    });

    test('fails with what is no failure of the store', async () => {
      const order = await written();
      store.failing = new TypeError('a bug');
      await expect(
        follow(desk, { ...{ name: 'x', request: order, master: 'a', timeout: 0, clock }, nextLook: async () => {} }),
      ).rejects.toThrow('a bug');
    });

    test('is ended by who waits', async () => {
      const order = await written();
      const following = follow(desk, {
        ...{ name: 'x', request: order, master: 'a', timeout: TIMEOUT, clock },
        nextLook: () => Promise.reject(new Error('stopped')),
      });
      await expect(following).rejects.toThrow('stopped');
      expect(store.orders?.handOver?.state).toBe('asked');
    });
  });

  function pause(duration?: number, standby = false) {
    return { name: 'x', by: 'me@here', reason: undefined, duration, standby };
  }

  describe('a pause', () => {
    test('is written once, and keeps what else was asked', async () => {
      await ask();
      expect(await writePause(desk, pause(), { clock, replaces: false })).toMatchObject({
        type: 'asked',
        request: { standby: false },
      });
      expect(store.orders).toMatchObject({ handOver: { state: 'asked' }, pause: { by: 'me@here' } });
      expect(await writePause(desk, pause(), { clock, replaces: false })).toMatchObject({
        type: 'refused',
        why: expect.stringMatching(/paused already, by me@here since \d{4}-/),
      });
    });

    test('that is over is none', async () => {
      await writePause(desk, pause(1000), { clock, replaces: false });
      expect(store.orders?.pause?.until).toBe(clock.wall() + 1000);
      await clock.advance(1001);
      expect(await writePause(desk, pause(), { clock, replaces: false })).toMatchObject({ type: 'asked' });
    });

    test('may take the place of one', async () => {
      await writePause(desk, pause(1000), { clock, replaces: false });
      expect(await writePause(desk, pause(), { clock, replaces: true })).toMatchObject({ type: 'asked' });
      expect(store.orders?.pause).not.toHaveProperty('until');
    });

    test('is ended, and nothing else is', async () => {
      expect(await endPause(desk, 'x')).toEqual({ type: 'refused', why: 'it is not paused' });
      await ask();
      await writePause(desk, pause(), { clock, replaces: false });
      expect(await endPause(desk, 'x')).toMatchObject({ type: 'asked', request: { by: 'me@here' } });
      expect(store.orders?.pause).toBeUndefined();
      expect(store.orders?.handOver).toBeDefined();
    });

    test('is ended only if it is the one that was seen', async () => {
      const first = await writePause(desk, pause(), { clock, replaces: false });
      if (first.type !== 'asked') throw new Error(first.why);
      const seenAt = first.request.at.getTime();
      const other = { ...pause(), by: 'bob@there' };
      expect(await endPause(desk, 'x', seenAt + 1)).toMatchObject({ type: 'refused' });
      expect(await endPause(desk, 'x', seenAt)).toMatchObject({ type: 'asked' });
      await clock.advance(5);
      await writePause(desk, other, { clock, replaces: false });
      expect(await endPause(desk, 'x', seenAt)).toEqual({
        type: 'refused',
        why: expect.stringMatching(/^its pause is another one, by bob@there since /),
      });
      expect(store.orders?.pause).toBeDefined();
    });

    test('is neither written over orders that cannot be read, nor ended there', async () => {
      store.unreadable = toWire(new StoreError('ERR_STORE_DATA', 'of a later version'));
      await expect(writePause(desk, pause(), { clock, replaces: true })).rejects.toThrow('of a later version');
      await expect(endPause(desk, 'x')).rejects.toThrow('of a later version');
      expect(store.writes).toBe(0);
    });
  });
});
