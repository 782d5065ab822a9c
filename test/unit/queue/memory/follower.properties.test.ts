/**
 * What a standby takes from the leases that it sees, against a model that remembers everything: planted bugs showed that
 * no other search looks at what it forgets, and what it keeps.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DONE_IDS_MAX } from '../../../../src/queue/memory/doneWindow.ts';
import { Fifo } from '../../../../src/queue/memory/fifo.ts';
import { EARLY_IDS_MAX, Follower } from '../../../../src/queue/memory/follower.ts';
import { runs } from '../../../support/propertyRuns.ts';

const bytes = new Uint8Array(0);

/** Few ids, so they come again; looks of a window that goes on, or of one whose count went back. */
const happening = fc.oneof(
  fc.record({ type: fc.constant('feed' as const), id: fc.nat({ max: 9 }) }),
  fc.record({ type: fc.constant('done' as const), ids: fc.array(fc.nat({ max: 9 }), { minLength: 1, maxLength: 4 }) }),
  fc.record({ type: fc.constant('back' as const), ids: fc.array(fc.nat({ max: 9 }), { minLength: 1, maxLength: 4 }) }),
);

test('what was done before it came is dropped once, and what may have been done long ago is not remembered', () => {
  const property = fc.property(fc.array(happening, { maxLength: 40 }), (happenings) => {
    const queue = new Fifo();
    const follower = new Follower(queue);
    const queued = new Set<number>();
    const early = new Set<number>();
    let count = 1000;
    follower.continueFrom(count);
    for (const each of happenings) {
      if (each.type === 'feed') {
        expect(follower.arrives(each.id), 'dropped').toBe(early.delete(each.id));
        queue.push({ id: each.id, bytes });
        queued.add(each.id);
        continue;
      }
      // The same id twice in one window was done, came again and was done again: the standby sees it leave once.
      const ids = [...new Set(each.ids)];
      count = each.type === 'done' ? count + ids.length : count - 1;
      const { removed, missed } = follower.see({ identifier: ids.at(-1) ?? null, count, recent: ids });
      expect(removed).toEqual(ids.filter((id) => queued.has(id)));
      expect(missed).toBe(0);
      for (const id of ids) if (!queued.delete(id) && each.type === 'done') early.add(id);
    }
  });
  fc.assert(property, runs(300));
});

test('it remembers as many ids as it may, the newest, and no more', () => {
  const property = fc.property(fc.integer({ min: 1, max: 3 * DONE_IDS_MAX }), (beyond) => {
    const follower = new Follower(new Fifo());
    follower.continueFrom(0);
    const all = EARLY_IDS_MAX + beyond;
    for (let done = 0; done < all; ) {
      const recent = Array.from({ length: Math.min(DONE_IDS_MAX, all - done) }, (_, index) => done + index);
      done += recent.length;
      follower.see({ identifier: done - 1, count: done, recent });
    }
    expect([follower.arrives(beyond - 1), follower.arrives(beyond), follower.arrives(all - 1)]).toEqual([
      false,
      true,
      true,
    ]);
  });
  fc.assert(property, runs(5));
});
