/** One poll for all viewers, what it costs, and what each viewer is told. */
import { expect, test } from 'vitest';
import type { Overview, OverviewChange } from '../../../src/page/contract.ts';
import { Kept } from '../../../src/page/kept.ts';
import { MEASURED_MAX } from '../../../src/page/measures.ts';
import { type EventSink, isSource } from '../../../src/page/messages.ts';
import { detailsIn, type Seen, SharedPoll, WATCHED_MAX } from '../../../src/page/poll.ts';
import { ASK_MAX_MS } from '../../../src/page/viewer.ts';
import { pause } from '../../../src/time/pause.ts';
import { VirtualClock } from '../../support/virtualClock.ts';
import { PageInMemory, StoreInMemory, sourceOf, unavailable } from './storeInMemory.ts';

class Follower implements EventSink {
  text = '';
  full = false;
  isEnded = false;
  leave: () => void = () => {};

  write(text: string): void {
    this.text += text;
  }
  isFull(): boolean {
    return this.full;
  }
  end(): void {
    this.isEnded = true;
  }

  static async of(page: PageInMemory, url = '/api/events'): Promise<Follower> {
    const { body, status } = await page.ask(url);
    if (!isSource(body)) throw new Error(`the answer is ${status}`);
    const follower = new Follower();
    follower.leave = body.open(follower);
    return follower;
  }

  events(): { event: string; data: Record<string, unknown> }[] {
    const found = [...this.text.matchAll(/^event: (.*)\ndata: (.*)\n\n/gm)];
    return found.map(([, event = '', data = '']) => ({ event, data: JSON.parse(data) }));
  }

  names(): string[] {
    return this.events().map(({ event }) => event);
  }
}

function counted(store: StoreInMemory): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const what of store.asked) counts[what] = (counts[what] ?? 0) + 1;
  store.asked.length = 0;
  return counts;
}

test('a hundred viewers cost what one does, and none costs nothing', async () => {
  const costs: Record<string, number>[] = [];
  for (const viewers of [0, 1, 100]) {
    const store = new StoreInMemory();
    store.lease('a', {}, 0);
    store.task('a', 1);
    const poll = store.poll();
    let seen = 0;
    const count = () => {
      seen += 1;
    };
    for (let each = 0; each < viewers; each++) poll.follow({ name: null, see: count });
    await store.clock.advance(10_500);
    expect(seen).toBe(11 * viewers);
    costs.push(counted(store));
  }
  const [none, one, hundred] = costs;
  expect(none).toEqual({});
  expect(one).toEqual({
    leases: 11,
    members: 11,
    orders: 11,
    drains: 11,
    highestTask: 11,
    countLetters: 11,
    tasks: 11,
  });
  expect(hundred).toEqual(one);
});

test('it ends with the last viewer, and requests between two looks are answered by the last one', async () => {
  const page = new PageInMemory();
  page.store.lease('a');
  await Promise.all(Array.from({ length: 100 }, () => page.ask('/api/overview')));
  expect(counted(page.store)).toMatchObject({ leases: 1, members: 1 });
  const first = await Follower.of(page);
  const second = await Follower.of(page);
  await page.store.clock.advance(3000);
  first.leave();
  second.leave();
  second.leave();
  counted(page.store);
  await page.store.clock.advance(60_000);
  expect(counted(page.store)).toEqual({});
  expect(page.store.clock.pending).toBe(0);
});

test('a look does not cost more for ten million tasks, or for six hundred queues', async () => {
  const store = new StoreInMemory();
  for (let each = 0; each < 600; each++) {
    const name = `s${String(each).padStart(4, '0')}`;
    store.lease(name);
    store.task(name, 1);
    store.highest.set(name, 10_000_000);
  }
  const poll = store.poll();
  poll.follow({ name: 's0599', see: () => {} });
  await store.clock.advance(100);
  // The first look that knows what is watched.
  expect(counted(store)).toEqual({
    ...{ leases: 2, members: 1, orders: 1, drains: 1, terms: 1, schedules: 1 },
    ...{ highestTask: MEASURED_MAX, countLetters: MEASURED_MAX, tasks: MEASURED_MAX },
  });
  await store.clock.advance(21_000);
  const { snapshot } = await poll.fresh();
  expect([...(snapshot?.rows.values() ?? [])].every(({ queued }) => queued === 10_000_000)).toBe(true);
  expect(counted(store).highestTask).toBeLessThanOrEqual(22 * MEASURED_MAX);
});

test('what moves is measured before what does not', async () => {
  const store = new StoreInMemory();
  for (let each = 0; each < 300; each++) store.lease(`s${each}`);
  const poll = store.poll();
  poll.follow({ name: null, see: () => {} });
  await store.clock.advance(20_000);
  store.lease('s200', {}, 5);
  store.highest.set('s200', 12);
  let [looks, queued] = [0, 0];
  for (; queued !== 7 && looks < 10; looks++) {
    await store.clock.advance(1000);
    queued = (await poll.fresh()).snapshot?.rows.get('s200')?.queued ?? 0;
  }
  expect(looks).toBeLessThan(4);
});

test('more subsystems than one look brings are followed in turns, and each is there at once', async () => {
  const store = new StoreInMemory();
  const names = Array.from({ length: WATCHED_MAX + 1 }, (_, each) => `s${each}`);
  for (const name of names) store.lease(name);
  const poll = store.poll();
  const terms = new Map<string, number | undefined>();
  const see = (name: string) => (seen: Seen) => terms.set(name, detailsIn(seen, name)?.row.term ?? terms.get(name));
  for (const name of names) poll.follow({ name, see: see(name) });
  await store.clock.advance(500);
  expect([...terms.values()]).toEqual(names.map(() => 1));
  // One that no one follows is there, too.
  store.lease('other');
  expect(detailsIn(await poll.fresh('other'), 'other')?.row.name).toBe('other');
  expect(detailsIn(await poll.fresh('none'), 'none')).toBe(null);
  for (const name of names) store.lease(name, { term: 2 });
  await store.clock.advance(2000);
  expect([...terms.values()]).toEqual(names.map(() => 2));
});

test('as many requests at once as there are names find each of them', async () => {
  const page = new PageInMemory();
  const names = Array.from({ length: WATCHED_MAX + 50 }, (_, each) => `s${each}`);
  for (const name of names) page.store.lease(name);
  const answers = await Promise.all(names.map((name) => page.status(`/api/subsystems/${name}`)));
  expect(answers).toEqual(names.map(() => 200));
  expect(counted(page.store).leases).toBe(1);
  // Names that there are not, one after another: none has a look at all for itself.
  for (const name of names) expect(await page.status(`/api/subsystems/none-${name}`)).toBe(404);
  expect(counted(page.store).leases).toBe(undefined);
});

test('a store whose looks take long rests from them, whoever asks for another one', async () => {
  const store = new StoreInMemory();
  const { clock } = store;
  store.lease('a');
  const { reader } = store;
  const slow = { ...reader, drains: () => pause(clock, 2000).then(() => reader.drains()) };
  const poll = new SharedPoll({ source: sourceOf(slow), clock });
  const first = poll.fresh();
  await clock.advance(2000);
  await first;
  counted(store);
  // It rests for 8 s.
  await clock.advance(2000);
  const asked = [poll.fresh(), poll.fresh('a'), poll.fresh('none')];
  const leave = poll.follow({ name: 'none', see: () => {} });
  await clock.advance(5000);
  await Promise.all(asked);
  expect(counted(store).leases).toBe(undefined);
  // Who has changed something waits for a moment at most.
  await clock.advance(4000);
  leave();
  await clock.advance(4000);
  counted(store);
  const changed = poll.again();
  await clock.advance(3000);
  expect((await changed).problem).toBe(null);
  expect(counted(store).leases).toBe(1);
});

test('more subsystems than are shown are cut, and one that is watched is told', async () => {
  const store = new StoreInMemory();
  for (let each = 0; each < 30; each++) store.lease(`s${each}`);
  const { snapshot } = await store.poll(20).fresh();
  expect([snapshot?.rows.size, snapshot?.truncated]).toEqual([20, true]);
  const { snapshot: watching } = await store.poll(20).fresh('s9');
  expect([watching?.rows.has('s9'), watching?.details.get('s9')?.row.name]).toEqual([false, 's9']);
  expect((await store.poll(20).fresh('none')).snapshot?.details.get('none')).toBe(null);
  const { snapshot: whole } = await store.poll(30).fresh();
  expect([whole?.rows.size, whole?.truncated]).toEqual([30, false]);
});

test('a viewer has the whole first, and then what changes; ages alone are no change', async () => {
  const page = new PageInMemory();
  page.store.lease('a');
  page.store.lease('b');
  const follower = await Follower.of(page, '/api/events?name=a');
  await page.store.clock.advance(3000);
  expect(follower.names()).toEqual(['overview', 'subsystem']);
  page.store.lease('a', { term: 2 });
  page.store.leases.delete('b');
  await page.store.clock.advance(1000);
  expect(follower.names().slice(2)).toEqual(['overview', 'subsystem']);
  const change = follower.events()[2]?.data as unknown as OverviewChange;
  expect(change).toMatchObject({ changed: [{ name: 'a', term: 2 }], gone: ['b'] });
  expect(change.changed).toHaveLength(1);
  follower.leave();
});

test('each viewer ends with what is there, whatever it had no room for', async () => {
  const page = new PageInMemory();
  page.store.lease('a');
  const [swift, slow] = [await Follower.of(page), await Follower.of(page)];
  await page.store.clock.advance(1500);
  slow.full = true;
  for (const name of ['b', 'c', 'd']) {
    page.store.lease(name);
    await page.store.clock.advance(1000);
  }
  expect(slow.names()).toEqual(['overview']);
  slow.full = false;
  page.store.leases.delete('b');
  await page.store.clock.advance(1000);
  expect(swift.names()).toHaveLength(5);
  const last = slow.events()[1]?.data as unknown as Overview;
  expect(last.subsystems.map(({ name }) => name)).toEqual(['a', 'c', 'd']);
  swift.leave();
  slow.leave();
});

test('a store that goes away is told once, and so is its return', async () => {
  const page = new PageInMemory();
  page.store.problem = unavailable;
  const follower = await Follower.of(page);
  await page.store.clock.advance(3500);
  expect(follower.names()).toEqual(['problem', 'overview']);
  expect(follower.events()[1]?.data).toMatchObject({ subsystems: [], problem: unavailable.message });
  page.store.problem = null;
  page.store.lease('a');
  await page.store.clock.advance(1000);
  expect(follower.names().slice(2)).toEqual(['problem', 'overview']);
  expect(follower.events().slice(2)).toMatchObject([
    { data: { message: null } },
    { data: { subsystems: [{ name: 'a' }], problem: null } },
  ]);
  follower.leave();
});

test('what one subsystem holds hides no other', async () => {
  const page = new PageInMemory();
  page.store.lease('a');
  page.store.lease('b');
  const { reader } = page.store;
  const { StoreError } = await import('../../../src/errors.ts');
  page.store.task('b', 1);
  Object.defineProperty(page.store.highest, 'get', {
    value: (name: string) => {
      if (name === 'a') throw new StoreError('ERR_STORE_DATA', 'a task of a is none');
      return 1;
    },
  });
  expect(reader).toBeDefined();
  const { body } = await page.ask('/api/overview');
  expect(JSON.parse(String(body)).subsystems).toMatchObject([
    { name: 'a', problem: 'a task of a is none' },
    { name: 'b', problem: null, queued: 1 },
  ]);
});

test('no more follow than may, and each that leaves makes room', async () => {
  const page = new PageInMemory();
  const followers = [await Follower.of(page), await Follower.of(page), await Follower.of(page)];
  expect(await page.ask('/api/events')).toMatchObject({ status: 503, headers: { 'retry-after': '10' } });
  expect(await page.status('/api/overview')).toBe(200);
  followers[0]?.leave();
  followers[0]?.leave();
  followers.push(await Follower.of(page));
  expect(await page.status('/api/events')).toBe(503);
  expect(await page.status('/api/events', { method: 'HEAD' })).toBe(200);
  for (const follower of followers) follower.leave();
  await page.store.clock.advance(1000);
  expect(page.store.clock.pending).toBe(0);
});

test('a comment comes every 15 s, and who may not look any more is sent away', async () => {
  let may = true;
  const page = new PageInMemory({ authorize: () => may });
  const follower = await Follower.of(page);
  await page.store.clock.advance(31_000);
  expect(follower.text.match(/^: here$/gm)).toHaveLength(2);
  may = false;
  await page.store.clock.advance(15_000);
  expect(follower.isEnded).toBe(true);
  expect(page.store.clock.pending).toBe(0);
});

test('a viewer about whom no answer comes is sent away, too, and one about whom it throws, with a word to the program', async () => {
  let answers: () => unknown = () => true;
  const page = new PageInMemory({ authorize: () => answers() });
  const [hanging, broken] = [await Follower.of(page), await Follower.of(page)];
  await page.store.clock.advance(100);
  answers = () => {
    answers = () => {
      throw new Error('no session');
    };
    return new Promise(() => {});
  };
  await page.store.clock.advance(15_000);
  expect([hanging.isEnded, broken.isEnded]).toEqual([false, true]);
  expect(page.failures).toEqual([new Error('no session')]);
  await page.store.clock.advance(ASK_MAX_MS);
  expect(hanging.isEnded).toBe(true);
  expect(page.store.clock.pending).toBe(0);
});

test('a connection is opened when it is needed, shared, and closed once it was idle', async () => {
  const clock = new VirtualClock();
  const events: string[] = [];
  let fails = true;
  const make = async () => ({
    open: async () => {
      events.push('open');
      if (fails) throw unavailable;
    },
    close: async () => void events.push('close'),
  });
  const kept = new Kept({ make, clock, keep: 5000 });
  await expect(kept.use(async () => 1)).rejects.toBe(unavailable);
  fails = false;
  expect(await Promise.all([kept.use(async () => 1), kept.use(async () => 2)])).toEqual([1, 2]);
  expect(events).toEqual(['open', 'close', 'open']);
  await clock.advance(4000);
  await kept.use(async () => clock.advance(6000));
  expect(events).toEqual(['open', 'close', 'open']);
  await clock.advance(5000);
  expect(events).toEqual(['open', 'close', 'open', 'close']);
  await kept.use(async () => {});
  await kept.close();
  await kept.close();
  expect(events).toEqual(['open', 'close', 'open', 'close', 'open', 'close']);
  await expect(kept.use(async () => {})).rejects.toThrow('it was closed');
  expect(clock.pending).toBe(0);
});
