/** How far the clock of a server is from the one here, over connections that are made, slow or odd. */
import { beforeEach, describe, expect, test } from 'vitest';
import { StoreError } from '../../../../src/errors.ts';
import { greet, ServerClock } from '../../../../src/store/mongodb/serverClock.ts';
import { VirtualClock } from '../../../support/virtualClock.ts';

const AHEAD = 5000;
let clock: VirtualClock;
let asked: string[];

/** Each answer takes as long as the next of these, in ms, all of it before the server looks at its clock. */
function partsWith(takes: readonly number[], { command = 'hello' } = {}) {
  const send = async (_what: string, sent: object) => {
    const [name = ''] = Object.keys(sent);
    asked.push(name);
    if (name !== command) throw new StoreError('ERR_STORE', `no such command: ${name}`);
    const took = takes[asked.filter((each) => each === command).length - 1] ?? takes.at(-1) ?? 0;
    await clock.advance(took);
    return { setName: 'rs', localTime: new Date(clock.wall() + AHEAD) };
  };
  return { commands: { send }, now: () => clock.now(), wall: () => clock.wall() };
}

beforeEach(() => {
  clock = new VirtualClock();
  asked = [];
});

test('the time that it takes to make a connection is no difference of clocks', async () => {
  const { clockAhead, reply } = await greet(partsWith([800, 30, 10]), 'test');
  expect(clockAhead).toBe(AHEAD + 5);
  expect(reply).toMatchObject({ setName: 'rs' });
  expect(asked).toHaveLength(3);
});

test('a quick answer is enough', async () => {
  expect((await greet(partsWith([4]), 'test')).clockAhead).toBe(AHEAD + 2);
  expect(asked).toHaveLength(1);
});

test.each([
  [[1500, 1002, 1100], null],
  [[1500, 1000, 1100], AHEAD + 500],
])('answers that took %j ms tell %s', async (takes, clockAhead) => {
  expect((await greet(partsWith(takes), 'test')).clockAhead).toBe(clockAhead);
});

test('an old server is asked by the old name', async () => {
  expect((await greet(partsWith([4], { command: 'isMaster' }), 'test')).clockAhead).toBe(AHEAD + 2);
  expect(asked).toEqual(['hello', 'isMaster']);
});

describe('what members ask for', () => {
  test('is measured again after ten seconds', async () => {
    const server = new ServerClock(partsWith([4]));
    expect(await Promise.all([server.ahead(), server.ahead()])).toEqual([AHEAD + 2, AHEAD + 2]);
    expect(asked).toHaveLength(1);
    await clock.advance(10_000);
    await server.ahead();
    expect(asked).toHaveLength(2);
  });
});
