import { expect, test } from 'vitest';
import { indexes } from '../../../../../src/store/mongodb/indexes/indexes.ts';
import { IndexMaker } from '../../../../../src/store/mongodb/indexes/indexMaker.ts';
import { VirtualClock } from '../../../../support/virtualClock.ts';
import { refused } from '../fakeIndexes.ts';

/** Makes one index at a server that refuses it so often, with that error. Resolves to the number of times it was asked. */
async function make(code: number, errmsg: string, refusals: number): Promise<number> {
  const clock = new VirtualClock();
  let asked = 0;
  const send = async () => {
    asked += 1;
    if (asked <= refusals) throw refused('addTasks', code, errmsg);
    return { ok: 1 };
  };
  const maker = new IndexMaker({ label: 'fake', clock, send });
  const ended = maker.make('addTasks', indexes.slice(0, 1), []).then(() => asked);
  ended.catch(() => {});
  await clock.advance(60_000);
  return ended;
}

test.each([
  [26, "The specified collection 'failover_tasks' cannot be found."],
  [1, 'deadlock detected'],
])('an index is made again after what passes (%d: %s)', async (code, errmsg) => {
  expect(await make(code, errmsg, 2)).toBe(3);
  await expect(make(code, errmsg, 100)).rejects.toThrow(errmsg);
});
