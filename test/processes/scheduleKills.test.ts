/**
 * The master of a schedule of each second is killed again and again, while a task runs and between two slots: each slot has one
 * task, in their order and not before its time, and a task begins twice only where the first one was killed.
 *
 * MONGO_FAILOVER_KILLS says how many kills.
 */
import { fileURLToPath } from 'node:url';
import type { FailoverOptions } from 'mongo-failover';
import { expect, test } from 'vitest';
import type { StoreOptions } from '../../src/options/options.ts';
import { createStore } from '../support/builtStore.ts';
import { temporaryFolder } from '../support/clusters.ts';
import type { Program } from '../support/program.ts';
import { settle, settledUri } from '../support/settled.ts';
import { startMember } from '../support/startMember.ts';
import { stores } from '../support/stores.ts';

/** A killed master is seen to be dead before its lease ends, and no busy disk deposes a living one. */
const intervals = { INIT: 0, MASTER: 400, SLAVE: 5000, TICKING: 1200, POLL: 50, SYNC: 40, ERROR: 200 };

const KILLS = Number(process.env.MONGO_FAILOVER_KILLS ?? 3);
/** What one kill may take on a busy machine, in ms. */
const EACH = 30_000;
const SECOND = 1000;
const fixture = fileURLToPath(new URL('./fixtures/scheduledMember.mjs', import.meta.url));

interface Line {
  readonly what: string;
  readonly id: string;
  readonly slot: number;
  readonly term: number;
  readonly now: number;
}

function linesOf({ lines }: Program): Line[] {
  return lines.flatMap((line) => {
    const [, what, id = '', slot, term, now] = /^(begin|end) (\S+) (\d+) (\d+) (\d+)$/.exec(line) ?? [];
    return what === undefined ? [] : [{ what, id, slot: Number(slot), term: Number(term), now: Number(now) }];
  });
}

/** Resolves when it says so of this slot, or of a later one. */
async function comesTo(member: Program, what: 'begin' | 'end', slot: number): Promise<Program> {
  for (let from = 0; ; ) {
    const found = await member.line(new RegExp(`^${what} \\S+ (\\d+) `), from);
    if (Number(found[1]) >= slot) return member;
    from = member.lines.indexOf(found.input, from) + 1;
  }
}

interface Place {
  readonly options: Pick<FailoverOptions, 'mongodb' | 'nodb'>;
  readonly kept: StoreOptions;
}

async function placeOf(store: string): Promise<Place> {
  if (store === 'mongodb') {
    const connectString = await settledUri();
    return {
      options: { mongodb: { connectString } },
      kept: { kind: 'mongodb', connectString, connectOptions: {}, debug: false },
    };
  }
  const path = await temporaryFolder();
  await settle({ kind: 'embedded', path });
  return { options: { nodb: { path } }, kept: { kind: 'embedded', path } };
}

/** Returns how many tasks have been stored and done. */
async function tasksDone(options: StoreOptions): Promise<number> {
  const store = createStore(options, { commandTimeout: 10_000 });
  try {
    await store.open();
    return (await store.tasks.queueState('schedules')).done;
  } finally {
    await store.close();
  }
}

test.each(stores)(
  `each slot has one task through ${KILLS} kills, on the store %s`,
  async (store) => {
    const { options: where, kept } = await placeOf(store);
    const options = { intervals, ...where };
    const start = () => startMember(fixture, { options });
    // A process takes longer to start than a master lives here.
    const everyone = Array.from({ length: Math.min(4, KILLS + 1) }, start);
    const alive = new Set(everyone);
    /** The first slot. */
    let from = 0;
    for (let kill = 0; kill < KILLS; kill += 1) {
      // By turns in the middle of a task, and when it is over.
      const what = kill % 2 === 0 ? 'begin' : 'end';
      const master = await Promise.race(Array.from(alive, (each) => comesTo(each, what, from + SECOND * kill)));
      from = Math.min(...everyone.flatMap(linesOf).map(({ slot }) => slot));
      alive.delete(master);
      await Promise.race(Array.from(alive, (each) => each.line(/^state slave /)));
      master.kill('SIGKILL');
      if (everyone.length <= KILLS) {
        const next = start();
        everyone.push(next);
        alive.add(next);
      }
      await master.ended;
    }
    await Promise.race(Array.from(alive, (each) => comesTo(each, 'end', from + SECOND * KILLS)));
    for (const each of alive) each.kill('SIGTERM');
    await Promise.all(Array.from(alive, ({ ended }) => ended));

    const lines = everyone.flatMap(linesOf);
    const ended = [...new Set(lines.filter(({ what }) => what === 'end').map(({ slot }) => slot))].toSorted(
      (a, b) => a - b,
    );
    const [first = 0] = ended;
    expect(ended).toEqual(ended.map((_, index) => first + SECOND * index));
    const begun = lines.filter(({ what }) => what === 'begin').toSorted((a, b) => a.term - b.term || a.now - b.now);
    const inOrder = [...new Set(begun.map(({ slot }) => slot))];
    expect(inOrder).toEqual(inOrder.toSorted((a, b) => a - b));
    for (const { id, slot, now } of lines) {
      expect(id).toBe(`each@${new Date(slot).toISOString().replace('.000Z', 'Z')}`);
      expect(now).toBeGreaterThanOrEqual(slot);
    }
    // None twice in one term, and one more for each kill at most.
    expect(new Set(begun.map(({ id, term }) => `${term} ${id}`)).size).toBe(begun.length);
    expect(begun.length - inOrder.length).toBeLessThanOrEqual(KILLS);
    expect(everyone.flatMap(({ lines: all }) => all.filter((line) => line.startsWith('panic')))).toEqual([]);
    // A slot that was stored twice would be counted twice.
    expect(await tasksDone(kept)).toBe(ended.length);
  },
  KILLS * EACH,
);
