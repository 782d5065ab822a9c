import { expect, test } from 'vitest';
import { StoreError } from '../../../src/errors.ts';
import { OutboxWatch } from '../../../src/relay/outboxWatch.ts';
import { VirtualClock } from '../../support/virtualClock.ts';

const POLL = 100;

test('a look that fails has each master look for itself, and the next look follows', async () => {
  const clock = new VirtualClock();
  const told: string[] = [];
  let fails = false;
  const namesWaiting = async (): Promise<string[]> => {
    if (fails) throw new StoreError('ERR_STORE', 'it may not read failover_outbox');
    return ['b'];
  };
  const watch = new OutboxWatch({ outbox: { namesWaiting }, clock, poll: POLL });
  for (const name of ['a', 'b']) watch.add(name, () => told.push(name));
  await clock.advance(POLL);
  expect(told.splice(0)).toEqual(['b']);
  fails = true;
  await clock.advance(POLL);
  expect(told.splice(0)).toEqual(['a', 'b']);
  fails = false;
  await clock.advance(POLL);
  expect(told).toEqual(['b']);
});
