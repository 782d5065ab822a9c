/** What ends with a service. */
import { expect, test } from 'vitest';
import { Followers } from '../../../src/facade/serviceLink.ts';

test('what follows a service is ended once, unless it has left before, and at once if it comes too late', async () => {
  const followers = new Followers();
  const ended: string[] = [];
  const end = (name: string) => async () => void ended.push(name);
  followers.add(end('a'));
  const leave = followers.add(end('b'));
  leave();
  leave();
  await followers.close();
  await followers.close();
  expect(ended).toEqual(['a']);
  followers.add(end('late'))();
  expect(ended).toEqual(['a', 'late']);
});
