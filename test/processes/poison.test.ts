/**
 * A task that takes its whole process down: it must not take down one member after another. With a budget of two
 * attempts two members die of it; the third gives it up and does the rest. Members of one machine do not wait for the
 * lease of one that died (rule 12), so the same number of them dies within a moment.
 */
import { expect, test } from 'vitest';
import { temporaryFolder } from '../support/clusters.ts';
import { Journal, overlapping } from '../support/journal.ts';
import { settledStore } from '../support/settledStore.ts';
import { stores } from '../support/stores.ts';
import { DurableMember, type Queue, Submitter, storeIn } from './durableMember.ts';
import { numbers } from './memberProcess.ts';

const POISON = 150;
const places = ['its own thread', 'the main thread'] as const;

test.each(stores.flatMap((store) => places.map((place) => [store, place] as const)))(
  'on the store %s, a task that aborts its process from %s ends two of three members',
  async (store, place) => {
    const folder = await temporaryFolder();
    const journal = new Journal(folder);
    const { file } = journal;
    const managed = { retry: { minDelay: 20, attempts: 2, exhausted: 'dead-letter' } } as const;
    const queue: Queue = { options: storeIn(store, folder), journal, managed };
    const submitter = new Submitter(queue);
    const ids = numbers(300);
    await submitter.submit(ids.map((id) => ({ id, file, poison: id === POISON })));
    const members = numbers(3).map(() => new DurableMember(queue, { onMain: place === 'the main thread' }));

    // Two of them end without it.
    const survivor = await Promise.any(members.map((member) => member.hasDone(299)));
    const dead = members.filter((member) => member !== survivor);
    const ends = await Promise.all(dead.map(({ program }) => program.ended));
    expect(ends).toEqual([
      { code: null, signal: 'SIGABRT' },
      { code: null, signal: 'SIGABRT' },
    ]);
    expect(survivor.program.lines.filter((line) => /^(panic|deadletter)/.test(line))).toEqual([
      `deadletter ${POISON} ERR_ATTEMPTS_EXHAUSTED`,
    ]);
    expect(await submitter.cluster.status()).toMatchObject({ queued: 0, dead: 1 });
    await survivor.stop();

    const runs = journal.runs();
    expect(overlapping(runs)).toEqual([]);
    expect([...new Set(runs.map(({ id }) => id))]).toEqual(ids);
    expect(runs.filter(({ end }) => end === undefined).map(({ id }) => id)).toEqual([POISON, POISON]);
    expect(new Set(runs.filter(({ id }) => id === POISON).map(({ term }) => term)).size).toBe(2);
    // The rest of the poison's own chunk ran again; nothing after it was begun before it was given up.
    const last = runs.at(-1)?.term;
    expect(runs.filter(({ id }) => Number(id) > POISON).every(({ term }) => term === last)).toBe(true);
  },
);

/** A time to live that no death has to wait for. */
const intervals = { MASTER: 2000, SLAVE: 15_000, TICKING: 15_000, POLL: 50 };
const LEASE = intervals.SLAVE + intervals.TICKING;
const POISON_OF_FEW = 15;
/** So many looks of a standby fall into the poison's run: a process counts as gone only if it was seen alive as the master. */
const LOOKS = 20;
/** What the last member says when it has given the task up, or done what comes after it. */
const budgets = [
  ['the default retry', undefined, /^error ERR_QUEUE_BLOCKED .* 3 processes died/, POISON_OF_FEW + 1],
  ['three attempts', { attempts: 3, exhausted: 'dead-letter' }, /^done 29 /, 30],
] as const;

test.each(stores.flatMap((store) => budgets.map((budget) => [store, ...budget] as const)))(
  'on the store %s, with %s, three members of one machine die of it, and wait for no lease',
  async (store, _, retry, survived, begun) => {
    const journal = new Journal(await temporaryFolder());
    const { file } = journal;
    const options = { ...(await settledStore(store)).options, intervals };
    const queue: Queue = { options, journal, managed: retry === undefined ? {} : { retry } };
    const poison = { id: POISON_OF_FEW, file, poison: true, ms: LOOKS * intervals.POLL };
    await new Submitter(queue).submit(numbers(30).map((id) => (id === POISON_OF_FEW ? poison : { id, file })));
    const members = numbers(4).map(() => new DurableMember(queue));

    const survivor = await Promise.any(members.map((member) => member.program.line(survived).then(() => member)));
    const dead = members.filter((member) => member !== survivor);
    for (const { program } of dead) expect(await program.ended).toEqual({ code: null, signal: 'SIGABRT' });
    await survivor.stop();
    const runs = journal.runs();
    expect(overlapping(runs)).toEqual([]);
    expect(new Set(runs.map(({ id }) => id)).size).toBe(begun);
    const deaths = runs.filter(({ end }) => end === undefined);
    expect(deaths.map(({ id }) => id)).toEqual(dead.map(() => POISON_OF_FEW));
    expect(new Set(deaths.map(({ pid }) => pid)).size).toBe(dead.length);
    const waits = deaths.slice(1).map(({ at }, index) => Number(at - (deaths[index]?.at ?? at)) / 1e6 / LEASE);
    expect(waits.filter((wait) => wait >= 1)).toEqual([]);
  },
);
