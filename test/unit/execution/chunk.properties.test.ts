/** A chunk in its thread, however its tasks end: what is known to be done is what returned true, at every moment. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { packChunk } from '../../../src/execution/chunk.ts';
import { ChunkProgress } from '../../../src/execution/chunkProgress.ts';
import { runChunk } from '../../../src/execution/runChunk.ts';
import { SharedLease } from '../../../src/wire/sharedLease.ts';
import { encoded } from '../../support/encoded.ts';
import { runs } from '../../support/propertyRuns.ts';

const TERM = 3;
const ending = fc.constantFrom('true', 'true', 'true', 'later', 'false', 'throw', 'lease' as const);

test('it stops at the first that is not done, and each result is known before the next task begins', async () => {
  const property = fc.asyncProperty(fc.array(ending, { minLength: 1, maxLength: 8 }), async (endings) => {
    const lease = new SharedLease();
    lease.hold(TERM, Number(process.hrtime.bigint()) / 1e6 + 60_000);
    const progress = new ChunkProgress();
    const begun: number[] = [];
    const work = (_task: unknown, { id }: { id: unknown }): unknown => {
      const index = Number(id);
      begun.push(index);
      expect(progress.done, 'known to be done').toBe(index);
      const how = endings[index];
      if (how === 'throw') throw new Error('no');
      if (how === 'lease') {
        lease.drop();
        for (const until = Date.now() + 2; Date.now() < until; );
      }
      return how === 'later' ? Promise.resolve(true) : how !== 'false';
    };
    const tasks = endings.map((_, id) => ({ id, bytes: encoded({ id }), failed: 0 }));
    const putCheckpoint = async () => {};
    const parts = { work, term: TERM, lease, progress, begins: () => {}, keepResult: null, putCheckpoint };
    const { failure } = await runChunk(packChunk(tasks).chunk, parts);
    const bad = endings.findIndex((how) => how === 'false' || how === 'throw');
    const dropped = endings.indexOf('lease');
    const fails = bad >= 0 && (dropped < 0 || bad < dropped);
    const ends = fails ? bad : dropped < 0 ? endings.length : dropped + 1;
    // A busy machine may end the chunk by its time, with less done and no failure.
    if (failure === null && progress.done < ends) return;
    expect(progress.done).toBe(ends);
    expect(begun).toEqual(endings.slice(0, ends + (fails ? 1 : 0)).map((_, index) => index));
  });
  await fc.assert(property, runs(100));
});
