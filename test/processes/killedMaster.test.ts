/** The master is killed again and again: a standby goes on, and nothing is lost, done by two at once, or done over. */
import { describe, expect, test } from 'vitest';
import { temporaryFolder } from '../support/clusters.ts';
import { databaseUri } from '../support/database.ts';
import { Journal } from '../support/journal.ts';
import { stores } from '../support/stores.ts';
import { allIsDone, expectSafe, intervals, MemberProcess, numbers, shuffled } from './memberProcess.ts';

const KILLS = 6;
/** How many tasks a master does before it is killed. */
const EACH = 60;

describe.each(stores)('on the store %s', (store) => {
  test('a standby goes on for each master that is killed', async () => {
    const folder = await temporaryFolder();
    const journal = new Journal(folder);
    const options = store === 'embedded' ? { nodb: { path: folder } } : { mongodb: { connectString: databaseUri() } };
    const ids = numbers(KILLS * EACH + 400);
    let turn = 0;
    const start = () => new MemberProcess(options, journal, { ids: shuffled(ids, turn++), ms: 4 });
    const members = new Set([start(), start(), start()]);
    const killedAt = new Map<number, bigint>();

    for (let kill = 0; kill < KILLS; kill += 1) {
      const master = await Promise.race([...members].map((member) => member.hasDone(EACH)));
      members.delete(master);
      // A member must be there to go on.
      await Promise.race([...members].map((member) => member.enters('slave')));
      master.program.kill('SIGKILL');
      killedAt.set(journal.runs().at(-1)?.term ?? 0, process.hrtime.bigint());
      await master.program.ended;
      members.add(start());
    }
    await allIsDone(members);
    await Promise.all([...members].map((member) => member.stop()));

    const repeated = expectSafe(journal, ids);
    expect(killedAt.size).toBe(KILLS);
    for (const [term, [first]] of repeated) {
      // Of a term that ended by a release nothing is repeated.
      const at = killedAt.get(term) ?? 0n;
      // A beat with the news goes out SYNC after the one before; MASTER is room for its way and a busy machine.
      expect(Number(at - (first?.end ?? 0n)) / 1e6).toBeLessThan(intervals.SYNC + intervals.MASTER);
    }
  });
});
