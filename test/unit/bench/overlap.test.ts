/** When two workers of a lane were at work at once, on notes made by hand. */
import { describe, expect, test } from 'vitest';
import type { Note, NoteKind } from '../../../bench/peers/notes.ts';
import { outcomeOf, type Struck } from '../../../bench/peers/outcome.ts';
import { overlapsOf } from '../../../bench/peers/overlap.ts';

/** A run of a worker: notes every 20 ms from `from` to `to`, in ms. */
function run(host: number, from: number, to: number, last: NoteKind = 'end', name = `${host}-${from}`): Note[] {
  const notes: Note[] = [];
  for (let at = from; at <= to; at += 20) {
    const kind = at === from ? 'start' : at === to ? last : 'work';
    notes.push({ kind, run: name, task: 1, host, pid: host, at: ns(at) });
  }
  return notes;
}

const ns = (time: number): bigint => BigInt(time) * 1_000_000n;
const mixed = (...runs: Note[][]): Note[] => runs.flat().sort((a, b) => Number(a.at - b.at));

describe('overlapsOf', () => {
  const spans = (notes: Note[]) => overlapsOf(notes).map(({ from, to }) => [Number(from) / 1e6, Number(to) / 1e6]);

  test('finds nothing without notes, nor in the work of one worker', () => {
    expect(spans([])).toEqual([]);
    expect(spans(mixed(run(1, 0, 1000), run(1, 500, 2000)))).toEqual([]);
  });

  test('finds nothing between runs that touch', () => {
    expect(spans(mixed(run(1, 0, 1000), run(2, 1000, 2000)))).toEqual([]);
  });

  test('finds the time in which two workers are at work', () => {
    expect(spans(mixed(run(1, 0, 1000), run(2, 600, 2000)))).toEqual([[600, 1000]]);
    expect(spans(mixed(run(1, 0, 2000), run(2, 600, 800)))).toEqual([[600, 800]]);
  });

  test('counts a time once, however many runs there are', () => {
    expect(spans(mixed(run(1, 0, 1000), run(2, 600, 1200), run(2, 700, 900)))).toEqual([[600, 1000]]);
    expect(spans(mixed(run(1, 0, 1000), run(2, 600, 2000), run(3, 900, 1400)))).toEqual([[600, 1400]]);
  });

  test('counts no time in which a worker is frozen', () => {
    const frozen = [...run(1, 0, 1000, 'work', 'old'), ...run(1, 9000, 9400, 'end', 'old')];
    expect(spans(mixed(frozen, run(2, 5000, 8000)))).toEqual([]);
    expect(spans(mixed(frozen, run(2, 5000, 9200)))).toEqual([[9000, 9200]]);
  });

  test('counts no time from the last work of a run to its note that it was told to stop', () => {
    expect(spans(mixed(run(1, 0, 1000, 'stop'), run(2, 980, 2000)))).toEqual([]);
    expect(spans(mixed(run(1, 0, 1000, 'stop'), run(2, 960, 2000)))).toEqual([[960, 980]]);
  });

  test('bridges a pause that is no longer than 250 ms', () => {
    const paused = [...run(1, 0, 1000, 'work', 'old'), ...run(1, 1240, 2000, 'end', 'old')];
    expect(spans(mixed(paused, run(2, 900, 1300)))).toEqual([[900, 1300]]);
  });
});

describe('outcomeOf', () => {
  const struck: Struck = { host: 1, at: ns(1000), endedAt: ns(9000) };

  test('says when the other began, and that the old one had stopped before', () => {
    expect(outcomeOf(mixed(run(1, 0, 4000, 'stop'), run(2, 5000, 6000)), struck)).toEqual({
      begun: 2,
      ended: 1,
      overlaps: [],
      takeover: 4000,
      oldStopped: -1000,
      oldEnded: false,
      afterFault: -5000,
      lateNotes: 0,
    });
  });

  test('counts the work of the old one after the other began', () => {
    const outcome = outcomeOf(mixed(run(1, 0, 5100), run(2, 5000, 6000)), struck);
    expect(outcome).toMatchObject({ overlaps: [100], oldStopped: 100, oldEnded: true, lateNotes: 5 });
  });

  test('has no times if no other worker began', () => {
    expect(outcomeOf(run(1, 0, 1000, 'work'), struck)).toMatchObject({
      takeover: null,
      oldStopped: null,
      lateNotes: 0,
    });
  });
});
