/**
 * The master of a durable queue is killed again and again under load: nothing that was stored is lost, no two tasks run
 * at once, the order holds, and no more than one chunk is repeated for each kill.
 *
 * MONGO_FAILOVER_KILLS says how many kills; `MONGO_FAILOVER_KILLS=100 npx vitest run --project processes durableKills`
 * takes some minutes for each store.
 */
import { describe, expect, test } from 'vitest';
import { temporaryFolder } from '../support/clusters.ts';
import { Journal } from '../support/journal.ts';
import { randomFrom } from '../support/random.ts';
import { stores } from '../support/stores.ts';
import {
  DurableMember,
  expectNothingLost,
  expectOneOrder,
  expectOrderOf,
  type Id,
  isAtomic,
  type Queue,
  Submitter,
  storeIn,
} from './durableMember.ts';

const KILLS = Number(process.env.MONGO_FAILOVER_KILLS ?? 4);
/** Most tasks that may be repeated for a kill. */
const CHUNK = 256;
/** What one kill may take on a busy machine, in ms: a lease that runs out, and a process that starts. */
const EACH = 30_000;
/** How many tasks each member submits itself. */
const SUBMITS = 50;

describe.each(stores)('on the store %s', (store) => {
  test(
    `nothing is lost in ${KILLS} kills`,
    async () => {
      const folder = await temporaryFolder();
      const journal = new Journal(folder);
      const queue: Queue = {
        options: storeIn(store, folder),
        journal,
        managed: { maxQueue: isAtomic(store) ? 1000 : 400 },
      };
      const { file } = journal;
      const random = randomFrom(1);
      const submitter = new Submitter(queue);
      const start = () => new DurableMember(queue, { submits: SUBMITS });
      const everyone = [start(), start(), start()];
      const alive = new Set(everyone);

      let over = false;
      const load = async () => {
        for (let next = 0; !over; next += 100) {
          const ids = Array.from({ length: 100 }, (_, index) => next + index);
          // Chunks are many tiny tasks or a few longer ones.
          await submitter.submit(ids.map((id) => ({ id, ms: id % 50 === 0 ? 3 : 0, file })));
        }
      };
      const loading = load();
      loading.catch(() => {});
      for (let kill = 0; kill < KILLS; kill += 1) {
        // By turns while it runs whole chunks, and while it still runs suspects one at a time; always the latter on the
        // server without atomic writes, which takes long for each of them.
        const [past, more] = isAtomic(store) ? [kill % 2 === 0 ? CHUNK + 50 : 20, 200] : [20, 50];
        const count = past + Math.floor(random() * more);
        const master = await Promise.race([
          ...Array.from(alive, (member) => member.doesMore(count)),
          failureOf(loading),
        ]);
        alive.delete(master);
        // A member must be there to go on.
        await Promise.race(Array.from(alive, (member) => member.enters('slave')));
        await master.kill();
        const next = start();
        everyone.push(next);
        alive.add(next);
      }
      over = true;
      await loading;
      await Promise.all(Array.from(alive, ({ program }) => program.line(/^submitted$/)));
      await submitter.submit([{ id: 'last', file }]);
      await Promise.race(Array.from(alive, (member) => member.hasDone('last')));
      await Promise.all(Array.from(alive, (member) => member.stop()));

      const submitted: Id[][] = [submitter.stored, ...everyone.map(({ stored }) => stored)];
      const runs = expectNothingLost(journal, submitted.flat());
      const told = everyone.flatMap(({ program }) => program.lines);
      expect(told.filter((line) => /^(panic|deadletter)/.test(line))).toEqual([]);
      if (!isAtomic(store)) return;
      const repeated = expectOneOrder(runs);
      for (const ids of [submitter.inOrder, ...everyone.map(({ stored }) => stored)]) expectOrderOf(runs, ids);
      expect(Math.max(...repeated.values())).toBeLessThanOrEqual(CHUNK);
      expect(repeated.size).toBeGreaterThanOrEqual(KILLS);
      console.log(figures(store, runs.length, submitted.flat().length, repeated));
    },
    KILLS * EACH,
  );
});

/** Never resolves; rejects with what it rejects with. */
async function failureOf(running: Promise<void>): Promise<never> {
  await running;
  return new Promise(() => {});
}

function figures(store: string, runs: number, stored: number, repeated: ReadonlyMap<number, number>): string {
  const counts = [...repeated.values()].toSorted((a, b) => a - b);
  const [median, most] = [counts[Math.floor(counts.length / 2)], counts.at(-1)];
  const sum = counts.reduce((total, count) => total + count, 0);
  return `${store}: ${KILLS} kills, ${counts.length} takeovers, ${stored} tasks stored, ${runs} runs; repeated per takeover: median ${median}, most ${most}, in all ${sum}`;
}
