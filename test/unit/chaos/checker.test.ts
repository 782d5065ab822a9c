/** The checker of the chaos runs, on ledgers and histories made by hand: each kind of violation is found, and nothing else. */
import { describe, expect, test } from 'vitest';
import { parse } from '../../chaos/checker/records.ts';
import { Folder, found } from './folder.ts';

/** Two members, a kill between them, and a takeover within the bound. */
function sound(atomic = true): Folder {
  return new Folder(atomic)
    .stored('a', 'b', 'c')
    .lease('1.1', 100, 1100, 1)
    .run('a', '1.1', 1, 110, 120)
    .line('start', 'b', '1.1', 1, 120)
    .event('killed', 125, { member: '1.1' })
    .fault(1, 'kill', '1.1', 125, 130)
    .event('ended', 130, { member: '1.1', how: 'SIGKILL', expected: true })
    .lease('2.1', 1400, 1100, 2)
    .run('b', '2.1', 2, 1410, 1420)
    .run('c', '2.1', 2, 1420, 1430)
    .says('2.1', 'done', 1421, { id: 'b' });
}

test('a takeover after a kill is in order', async () => {
  const verdict = await sound().verdict();
  expect(found(verdict)).toEqual({});
  expect(verdict.figures).toMatchObject({ stored: 3, runs: 4, terms: 2, takeovers: 1, repeated: 0, failovers: 1 });
  expect(verdict.figures.plainMost).toBe(1275);
});

test('a stored task that never ended is lost, and the last fault is named', async () => {
  const verdict = await sound().stored('d').verdict();
  expect(found(verdict)).toEqual({ lost: 1 });
  expect(verdict.violations[0]?.fault?.number).toBe(1);
});

test('runs of two members at one moment overlap', async () => {
  const verdict = await sound()
    .stored('d')
    .line('start', 'd', '2.1', 2, 1440)
    .run('e', '3.1', 2, 1445, 1450)
    .line('end', 'd', '2.1', 2, 1455)
    .verdict();
  expect(found(verdict)).toMatchObject({ 'overlapping runs': 1 });
});

test('a run that was cut off by a kill lasts until then', async () => {
  const verdict = await new Folder()
    .line('start', 'a', '1.1', 1, 100)
    .run('b', '2.1', 2, 120, 130)
    .event('killed', 125, { member: '1.1' })
    .verdict();
  expect(found(verdict)).toMatchObject({ 'overlapping runs': 1 });
});

test('a run without an end lasts as long as its marks', async () => {
  const folder = new Folder().line('start', 'a', '1.1', 1, 100).line('mark', 'a', '1.1', 1, 110);
  expect(found(await folder.run('a', '2.1', 2, 111, 130).verdict())).toEqual({});
  expect(found(await folder.run('c', '3.1', 3, 129, 140).verdict())).toMatchObject({ 'overlapping runs': 1 });
});

test('a run in which its process was stopped counts until the stop', async () => {
  const stopped = new Folder()
    .line('start', 'a', '1.1', 1, 100)
    .event('suspended', 105, { member: '1.1' })
    .run('a', '2.1', 2, 1400, 1500)
    .event('resumed', 1450, { member: '1.1' })
    .line('end', 'a', '1.1', 1, 1451, { left: 0 });
  const verdict = await stopped.verdict();
  expect(found(verdict)).toEqual({});
  expect(verdict.figures.caught).toBe(1);
  // But it begins no other one.
  const next = await stopped.line('start', 'b', '1.1', 1, 1452, { left: 0 }).verdict();
  expect(found(next)).toMatchObject({ 'overlapping runs': 1, 'falling terms': 1 });
});

test('two members with a lease at one moment are two masters, also by what the first was promised', async () => {
  const both = new Folder().lease('1.1', 100, 1100, 1).lease('2.1', 1100, 1100, 2);
  expect(found(await both.verdict())).toEqual({ 'two masters': 1 });
  const after = new Folder().lease('1.1', 100, 1100, 1).lease('2.1', 1201, 1100, 2);
  expect(found(await after.verdict())).toEqual({});
  const byTask = new Folder()
    .lease('1.1', 100, 500, 1)
    .line('start', 'a', '1.1', 1, 300, { left: 1000 })
    .lease('2.1', 1201, 1100, 2);
  expect(found(await byTask.verdict())).toMatchObject({ 'two masters': 1 });
});

test('a lease ends with a kill, with a look that finds none, and with a release', async () => {
  const killed = new Folder().lease('1.1', 100, 1100, 1).event('killed', 150, { member: '1.1' });
  expect(found(await killed.lease('2.1', 160, 1100, 2).verdict())).toEqual({});
  const looked = new Folder().lease('1.1', 100, 1100, 1).lease('1.1', 150, 0, null);
  expect(found(await looked.lease('2.1', 160, 1100, 2).verdict())).toEqual({});
  const released = new Folder().lease('1.1', 100, 1100, 1).says('1.1', 'stopping', 150);
  expect(found(await released.lease('2.1', 160, 1100, 2).verdict())).toEqual({});
});

test('terms that fall, and a gap in the order', async () => {
  const verdict = await sound().run('d', '3.1', 1, 1500, 1510).verdict();
  expect(found(verdict)).toMatchObject({ 'falling terms': 1 });
  const gap = await new Folder()
    .run('a', '1.1', 1, 1, 2)
    .run('b', '1.1', 1, 3, 4)
    .run('a', '2.1', 2, 5, 6)
    .run('c', '2.1', 2, 7, 8)
    .verdict();
  expect(found(gap)).toEqual({ 'out of order': 1 });
});

test('a failed attempt and the one after it are in order', async () => {
  const verdict = await new Folder()
    .line('start', 'a', '1.1', 1, 1)
    .line('fail', 'a', '1.1', 1, 2)
    .line('start', 'a', '1.1', 1, 30, { attempt: 2 })
    .line('end', 'a', '1.1', 1, 31, { attempt: 2 })
    .verdict();
  expect(found(verdict)).toEqual({});
});

test('what one submitter stored in turn ends in turn', async () => {
  const verdict = await new Folder().stored('a', 'b').run('b', '1.1', 1, 1, 2).run('a', '1.1', 1, 3, 4).verdict();
  expect(found(verdict)).toEqual({ 'out of order': 1 });
});

test('a takeover that repeats more than it may', async () => {
  const repeats = (count: number) => {
    const folder = new Folder();
    for (const [term, member] of [
      [1, '1.1'],
      [2, '2.1'],
    ] as const) {
      for (let id = 0; id < count; id += 1)
        folder.run(`t${id}`, member, term, term * 10_000 + id * 2, term * 10_000 + id * 2 + 1);
    }
    return folder.verdict();
  };
  expect(found(await repeats(256))).toEqual({});
  const verdict = await repeats(257);
  expect(found(verdict)).toEqual({ 'too many repeated': 1 });
  expect(verdict.figures).toMatchObject({ repeated: 257, repeatedMost: 257 });
});

test('a task that was submitted again may be stored twice', async () => {
  const verdict = await new Folder()
    .says('runner', 'again', 0, { id: 'a' })
    .run('a', '1.1', 1, 1, 2)
    .run('b', '1.1', 1, 3, 4)
    .run('a', '1.1', 1, 5, 6)
    .verdict();
  expect(found(verdict)).toEqual({});
  expect(verdict.figures).toMatchObject({ submittedAgain: 1, repeated: 1 });
});

test('a failover over its bound, with the fault that preceded it', async () => {
  const verdict = await new Folder()
    .lease('1.1', 100, 1140, 1)
    .fault(4, 'cut', '1.1', 110, 3000)
    .lease('2.1', 1900, 1100, 2)
    .verdict();
  expect(found(verdict)).toEqual({ 'failover over its bound': 1 });
  expect(verdict.violations[0]).toMatchObject({ fault: { number: 4, kind: 'cut' } });
});

test('what may make a failover longer', async () => {
  const slow = () => new Folder().lease('1.1', 100, 1140, 1).lease('2.1', 1900, 1100, 2);
  expect(found(await slow().fault(1, 'stop', '3.1', 500, 2000).verdict())).toEqual({});
  expect(found(await slow().fault(1, 'server-engine', 'all', 500, 800).verdict())).toEqual({});
  expect(found(await slow().event('late', 900, { ms: 100 }).verdict())).toEqual({});
  expect(found(await slow().fault(1, 'stop', '1.1', 300, 2000).verdict())).toEqual({});
  // Its beats were taken, and it never heard of that.
  expect(found(await slow().fault(1, 'drop-answers', '1.1', 300, 2000).verdict())).toEqual({});
  expect(found(await slow().fault(1, 'delay', '1.1', 300, 2000).verdict())).toEqual({});
  expect(found(await slow().fault(1, 'block', '1.1', 300, 2000).verdict())).toEqual({ 'failover over its bound': 1 });
  // Its clock took the lease from it, maybe amid a beat.
  expect(found(await slow().lease('1.1', 250, 0, null).fault(1, 'wall-clock', '1.1', 90, 240).verdict())).toEqual({});
  expect(found(await slow().fault(1, 'wall-clock', '1.1', 90, 240).verdict())).toEqual({
    'failover over its bound': 1,
  });
});

test('a member that stays in error although nothing is on it any more', async () => {
  const state = (to: string) => ({ seen: '0', left: 0, term: null, to });
  const folder = new Folder().says('1.1', 'state', 100, state('error')).fault(1, 'cut', '1.1', 50, 2000);
  expect(found(await folder.event('killed', 11_900, { member: '1.1' }).verdict())).toEqual({});
  const back = new Folder().says('1.1', 'state', 100, state('error')).fault(1, 'cut', '1.1', 50, 2000);
  expect(found(await back.says('1.1', 'state', 12_100, state('slave')).verdict())).toEqual({ 'stuck in error': 1 });
});

test('a task that is said to be done without a run, and a dead letter', async () => {
  const verdict = await sound()
    .says('2.1', 'done', 1431, { id: 'x' })
    .says('2.1', 'deadletter', 1432, { id: 'y' })
    .verdict();
  expect(found(verdict)).toEqual({ 'done without a run': 1, 'given up': 1 });
});

test('a process that ends without having been asked to, unless it is at the end of its lease', async () => {
  const ended = (at: number, how: string) =>
    new Folder().lease('1.1', 100, 1100, 1).event('ended', at, { member: '1.1', how, expected: false }).verdict();
  expect(found(await ended(500, 'code 1'))).toEqual({ 'process died by itself': 1 });
  expect(found(await ended(550, 'SIGKILL'))).toEqual({ 'process died by itself': 1 });
  const fenced = await ended(1205, 'SIGKILL');
  expect(found(fenced)).toEqual({});
  expect(fenced.figures.fenced).toBe(1);
  expect(found(await ended(9000, 'SIGKILL'))).toEqual({});
  const talks = new Folder().lease('1.1', 100, 1100, 1).says('1.1', 'done', 8000, { id: 'x' });
  const late = await talks.event('ended', 9000, { member: '1.1', how: 'SIGKILL', expected: false }).verdict();
  expect(found(late)).toMatchObject({ 'process died by itself': 1 });
  // Its clocks told it that it had slept, so it took the lease for lost before its time.
  const slept = new Folder().lease('1.1', 100, 1100, 1).lease('1.1', 300, 0, null);
  const died = { member: '1.1', how: 'SIGKILL', expected: false };
  expect(found(await slept.event('ended', 550, died).verdict())).toEqual({});
});

describe('a store whose files a fault has taken', () => {
  test('takes tasks that were stored before with it, and none that was stored after', async () => {
    const removed = () => new Folder().loses('all', 1000, 1010);
    const before = await removed().storedAt('a', 100, 110).storedAt('b', 1005, 1300).verdict();
    expect(found(before)).toEqual({});
    expect(before.figures).toMatchObject({ taken: 2, epochs: 2 });
    expect(found(await removed().storedAt('c', 1011, 1300).verdict())).toEqual({ lost: 1 });
  });

  test('and is replaced by a copy takes only what was stored while that was made', async () => {
    const replaced = () => new Folder().loses('since', 1000, 1400);
    const during = await replaced().storedAt('a', 900, 1001).storedAt('b', 1399, 1600).verdict();
    expect(found(during)).toEqual({});
    expect(during.figures.taken).toBe(2);
    expect(found(await replaced().storedAt('c', 900, 999).verdict())).toEqual({ lost: 1 });
    expect(found(await replaced().storedAt('d', 1401, 1600).verdict())).toEqual({ lost: 1 });
  });

  test('and has lost nothing excuses nothing', async () => {
    const lock = new Folder().storedAt('a', 1, 2).fault(9, 'store-removed', 'all', 1000, 1010);
    expect(found(await lock.verdict())).toEqual({ lost: 1 });
  });

  test('begins its terms, its order and its waits again, each once', async () => {
    const again = (forgot: 'all' | 'since') =>
      new Folder()
        .lease('1.1', 100, 1100, 7)
        .run('a', '1.1', 7, 110, 120)
        .run('b', '1.1', 7, 130, 140)
        .loses(forgot, 900, 1000)
        .lease('2.1', 6000, 1100, 1)
        .run('c', '2.1', 1, 6010, 6020)
        .run('b', '2.1', 1, 6030, 6040);
    for (const forgot of ['all', 'since'] as const) {
      const verdict = await again(forgot).verdict();
      expect(found(verdict)).toEqual({});
      expect(verdict.figures).toMatchObject({ terms: 2, takeovers: 0, failovers: 0 });
      const falls = await again(forgot).run('d', '2.1', 2, 6050, 6060).run('e', '2.1', 1, 6070, 6080).verdict();
      expect(found(falls)).toMatchObject({ 'falling terms': 1 });
    }
  });

  test('allows no overlap and no two masters, whichever terms they have', async () => {
    const two = new Folder().lease('1.1', 100, 5000, 7).loses('all', 500, 510).lease('2.1', 3000, 1100, 1);
    expect(found(await two.verdict())).toEqual({ 'two masters': 1 });
    const overlap = new Folder()
      .line('start', 'a', '1.1', 7, 100)
      .loses('all', 500, 510)
      .run('b', '2.1', 1, 3000, 3010)
      .line('end', 'a', '1.1', 7, 4000);
    expect(found(await overlap.verdict())).toEqual({ 'overlapping runs': 1 });
  });

  test('tells two masterships of one member and one term apart', async () => {
    const same = new Folder().lease('1.1', 100, 1100, 1).loses('all', 500, 510).lease('1.1', 4150, 1100, 1);
    expect(found(await same.lease('2.1', 3000, 1100, 1).verdict())).toEqual({});
  });

  test('and replaced by a copy repeats little of what had ended before that was made', async () => {
    const repeats = (count: number) => {
      const folder = new Folder().loses('since', 1000, 1100);
      for (let id = 0; id < 300; id += 1) folder.run(`t${id}`, '1.1', 1, id * 3, id * 3 + 1);
      for (let id = 300 - count; id < 300; id += 1) folder.run(`t${id}`, '2.1', 2, 5000 + id * 3, 5000 + id * 3 + 1);
      return folder.verdict();
    };
    expect(found(await repeats(256))).toEqual({});
    expect(found(await repeats(257))).toEqual({ 'too many repeated': 1 });
  });

  test('makes a failover longer, as a slow disk does that holds the lock', async () => {
    const slow = () => new Folder(true, 'embedded').lease('1.1', 100, 1140, 1).lease('2.1', 3900, 1100, 2);
    expect(found(await slow().verdict())).toEqual({ 'failover over its bound': 1 });
    expect(found(await slow().fault(1, 'store-removed', 'all', 500, 501).verdict())).toEqual({});
    expect(found(await slow().fault(1, 'slow-disk', '1.1', 500, 2400).verdict())).toEqual({});
    expect(found(await slow().fault(1, 'slow-disk', '1.1', 500, 900).verdict())).toMatchObject({
      'failover over its bound': 1,
    });
  });
});

test('half a line of a process that was killed, before a whole one', async () => {
  const whole = { what: 'start', id: 'a' };
  expect(parse(`{"what":"sta${JSON.stringify(whole)}`)).toEqual({ line: whole, isTorn: true });
  expect(parse('{"what":"sta')).toEqual({ line: undefined, isTorn: true });
  expect(parse(JSON.stringify(whole))).toEqual({ line: whole, isTorn: false });
  expect(found(await sound().torn('{"what":"st').verdict())).toEqual({});
  expect(found(await new Folder().torn('{"what":"st').verdict())).toEqual({ 'stray or torn lines': 1 });
  expect(found(await sound().line('end', 'z', '2.1', 2, 1500).verdict())).toEqual({ 'stray or torn lines': 1 });
});

test('on a server without atomic writes only what is lost, and two masters, are failures', async () => {
  const weak = sound(false).run('d', '3.1', 1, 1500, 1510);
  const { violations, failures } = await weak.verdict();
  expect(violations.length).toBeGreaterThan(0);
  expect(failures).toEqual([]);
  expect((await weak.stored('lost').verdict()).failures).toHaveLength(1);
});
