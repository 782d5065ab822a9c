/** What is told of each lease is what was so, whatever comes between an update of many and the look that follows it. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Fields } from '../../../../src/store/documents.ts';
import { Commands } from '../../../../src/store/mongodb/commands.ts';
import { ManyClaims } from '../../../../src/store/mongodb/manyClaims.ts';
import type { Settings } from '../../../../src/store/mongodb/settings.ts';

const settings = { label: 'mongodb://db/test', secrets: [], commandTimeout: 1000 } as unknown as Settings;
const progress = { identifier: null, count: 0, recent: [] };
const names = ['a', 'b', 'c', 'd', 'e'];

/** What comes to a lease: a beat of its holder ahead of time, a claim of another, its release, or an older command that is late. */
const change = fc.record({
  name: fc.constantFrom(...names),
  kind: fc.constantFrom('early' as const, 'claim' as const, 'release' as const, 'late' as const),
});
const scenario = fc.record({
  before: fc.array(change, { maxLength: 4 }),
  between: fc.array(change, { maxLength: 4 }),
  gone: fc.subarray(names),
  refused: fc.subarray(names),
  releases: fc.boolean(),
});

test('an answer is never wrong, and is unknown only if another command wrote over the mark', async () => {
  await fc.assert(
    fc.asyncProperty(scenario, async ({ before, between, gone, refused, releases }) => {
      const leases = new Map(
        names.map((name): [string, Record<string, unknown>] => [`lease/${name}`, { term: 3, holder: 'me', beat: 8 }]),
      );
      for (const name of gone) leases.delete(`lease/${name}`);
      const apply = ({ name, kind }: { name: string; kind: string }): void => {
        const lease = leases.get(`lease/${name}`);
        if (lease === undefined) return;
        if (kind === 'early' && lease.holder === 'me') lease.beat = 10;
        if (kind === 'claim') Object.assign(lease, { term: Number(lease.term) + 1, holder: 'other', beat: 0 });
        if (kind === 'release') lease.holder = null;
        if (kind === 'late' && lease.holder === 'me') Object.assign(lease, { beat: 7, command: 'older' });
      };
      before.forEach(apply);
      const truth = new Map<string, boolean>();
      const run = async (_: string, command: Fields): Promise<Fields> => {
        if (command.find !== undefined) {
          const { _id, command: mark } = command.filter as { _id: { $in: string[] }; command: string };
          const found = _id.$in.filter((id) => leases.get(id)?.command === mark);
          return { cursor: { firstBatch: found.map((id) => ({ _id: id })), id: 0 } };
        }
        const updates = command.updates as { q: Fields; u: { $set: Fields } }[];
        const writeErrors: Fields[] = [];
        let n = 0;
        for (const [index, { q, u }] of updates.entries()) {
          const id = String(q._id);
          if (refused.includes(id.slice('lease/'.length))) {
            writeErrors.push({ index, code: 112, errmsg: 'conflict' });
            continue;
          }
          const lease = leases.get(id);
          const matches = lease !== undefined && lease.term === q.term && lease.holder === q.holder;
          truth.set(id, matches);
          if (matches) Object.assign(lease, u.$set);
          if (matches) n += 1;
        }
        between.forEach(apply);
        return { n, writeErrors };
      };
      let commands = 0;
      const many = new ManyClaims({
        commands: new Commands(run, settings),
        epoch: async () => ({ epoch: 'e', wait: 0 }),
        highestTerm: () => Promise.reject(new Error('it is not asked for')),
        newCommand: () => {
          commands += 1;
          return `${commands}`;
        },
      });
      const asked = names.map((name) => ({ tenure: { name, term: 3, holder: 'me' }, beat: 9, progress }));
      const statements = asked.map(({ tenure: { name, term, holder }, beat }) => ({
        q: { _id: `lease/${name}`, term, holder },
        u: { $set: { beat } },
      }));
      const told = releases ? await many.releaseAll(asked) : await many.updateAll('beat', statements);
      const isOverwritten = between.some(({ kind }) => kind === 'late');
      for (const [index, name] of names.entries()) {
        const each = told[index];
        if (typeof each === 'boolean') expect(each).toBe(truth.get(`lease/${name}`));
        else if (!refused.includes(name)) expect(isOverwritten).toBe(true);
      }
    }),
    { numRuns: 400 },
  );
});
