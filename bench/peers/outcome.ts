/** Computes what came of a fault from the notes of a lane. Pure. */
import { msBetween } from '../support/spread.js';
import type { Note } from './notes.js';
import { overlapsOf } from './overlap.js';

export interface Struck {
  readonly host: number;
  readonly at: bigint;
  readonly endedAt: bigint;
}

/** Times in ms. */
export interface Outcome {
  /** Attempts that began, by whichever worker. */
  readonly begun: number;
  readonly ended: number;
  /** Each span in which two workers were at work at once. */
  readonly overlaps: readonly number[];
  /** From the fault to the first note of the other worker; null if there is none. */
  readonly takeover: number | null;
  /** From the first note of the other worker to the last one of the struck worker's first attempt; below 0 if that was before. */
  readonly oldStopped: number | null;
  /** The struck worker's first attempt was worked on to its end. */
  readonly oldEnded: boolean;
  /** From the end of the fault to the last note of the struck worker's first attempt; below 0 if that was before. */
  readonly afterFault: number | null;
  /** Notes of work that attempt made while the other had begun. */
  readonly lateNotes: number;
  /** What the system says of the task at the end. */
  readonly verdict?: string;
}

export function outcomeOf(notes: readonly Note[], { host, at, endedAt }: Struck): Outcome {
  const run = notes.find((note) => note.host === host)?.run;
  const old = notes.filter((note) => note.run === run);
  const last = old.at(-1);
  const work = old.filter(({ kind }) => kind !== 'stop');
  const next = notes.find((note) => note.host !== host && note.at > at);
  return {
    begun: notes.filter(({ kind }) => kind === 'start').length,
    ended: notes.filter(({ kind }) => kind === 'end').length,
    overlaps: overlapsOf(notes).map(({ from, to }) => msBetween(from, to)),
    takeover: next === undefined ? null : msBetween(at, next.at),
    oldStopped: next === undefined || last === undefined ? null : msBetween(next.at, last.at),
    oldEnded: last?.kind === 'end',
    afterFault: last === undefined ? null : msBetween(endedAt, last.at),
    lateNotes: next === undefined ? 0 : work.filter((note) => note.at > next.at).length,
  };
}
