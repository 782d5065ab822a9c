/** What marked slots are hints about, and how much is kept of the names that ask. */
import { expect, test } from 'vitest';
import { MarkedHints } from '../../../../src/store/embedded/markedHints.ts';
import { slotOf } from '../../../../src/store/embedded/wakeups.ts';

test('names that have gone are not kept for ever, and the answers stay right', () => {
  const hints = new MarkedHints();
  const slot = slotOf('mine', 'lease');
  const [hint] = hints.hintsOf({ marked: [slot] });
  for (let number = 0; number < 120_000; number++) hint?.concerns(`tenant ${number}`);
  expect(hints.kept).toBeLessThanOrEqual(50_000);
  expect([hint?.topic, hint?.concerns('mine')]).toEqual(['lease', true]);
  const other = Array.from({ length: 100 }, (_, number) => `${number}`).find((name) => slotOf(name, 'lease') !== slot);
  expect(hint?.concerns(other ?? 'mine')).toBe(false);
});
