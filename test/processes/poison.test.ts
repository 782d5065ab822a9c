/**
 * A task that takes its whole process down: it must not take down one member after another. With a budget of two
 * attempts two members die of it; the third gives it up and does the rest.
 */
import { expect, test } from 'vitest';
import { temporaryFolder } from '../support/clusters.ts';
import { Journal, overlapping } from '../support/journal.ts';
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
