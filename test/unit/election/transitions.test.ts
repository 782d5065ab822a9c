/** The table of moves: each is made by what the design says, and no other is ever made. */
import { describe, expect, test } from 'vitest';
import type { ElectionEvent } from '../../../src/election/state.ts';
import { type Phase, transitions } from '../../../src/election/transitions.ts';
import type { Lease } from '../../../src/store/store.ts';
import { leaseOf } from '../../support/memoryStore.ts';
import { randomFrom } from '../../support/random.ts';
import { Bench, intervals, master, seeing, standby, ttl, validity } from './bench.ts';

type Move = `${Phase} → ${Phase}`;

const seen = leaseOf('other');
const ticking = (): Bench => seeing(standby(), seen, intervals.SLAVE);
const inError = (): Bench => standby().pass(intervals.POLL).failed('observe').pass(intervals.POLL).failed('observe');
const init = (): Bench => new Bench().send({ type: 'run' }).send({ type: 'tick' });
const ending = (bench: Bench): Bench => bench.send({ type: 'stop' }).send({ type: 'drained' });

/** Each way leads to the move; a test below checks that none is missing. */
const ways: [Move, string, () => Bench][] = [
  ['stopped → init', 'run', () => new Bench().send({ type: 'run' })],
  ['init → master', 'there is no lease', () => new Bench().look(null, 0).winClaim()],
  ['init → master', 'the lease is released', () => new Bench().look(leaseOf(null), 1).winClaim()],
  ['init → slave', 'another holds the lease', () => init().tip(1).observed(seen)],
  ['init → slave', 'the first claim is lost', () => new Bench().look(null, 0).written(false)],
  ['init → slave', 'it resigns while it claims', () => new Bench().look(null, 0).resign()],
  ['init → slave', 'it resigned, and sees that no member holds the lease', () => new Bench().resign().look(null, 0)],
  ['init → error', 'the store does not answer', () => init().failed('readTip')],
  ['init → stopped', 'stop', () => ending(init())],
  ['slave → ticking', 'SLAVE without a new version', ticking],
  [
    'slave → master',
    'the lease is released',
    () =>
      standby()
        .pass(intervals.POLL)
        .observed({ ...seen, beat: 9, holder: null })
        .winClaim(),
  ],
  ['slave → error', 'two looks fail', inError],
  ['slave → stopped', 'stop', () => ending(standby())],
  [
    'ticking → slave',
    'a new version',
    () =>
      ticking()
        .pass(intervals.POLL)
        .observed({ ...seen, beat: 1 }),
  ],
  ['ticking → slave', 'the claim is lost', () => seeing(standby(), seen, ttl).written(false)],
  ['ticking → slave', 'it resigns while it claims', () => seeing(standby(), seen, ttl).resign()],
  ['ticking → master', 'the claim is won', () => seeing(standby(), seen, ttl).winClaim()],
  [
    'ticking → error',
    'the claim fails twice',
    () => seeing(standby(), seen, ttl).failed('writeLease').failed('writeLease'),
  ],
  ['ticking → stopped', 'stop', () => ending(ticking())],
  ['master → slave', 'a beat matches nothing', () => master().pass(intervals.MASTER).beaten(false)],
  ['master → slave', 'it resigns', () => master().resign()],
  ['master → error', 'the validity ends', () => master().pass(validity)],
  ['master → stopped', 'it has released', () => ending(master()).released()],
  ['error → master', 'the lease still names it', () => expired().winClaim()],
  [
    'error → slave',
    'a look is answered',
    () =>
      inError()
        .pass(intervals.ERROR)
        .observed({ ...seen, beat: 1 }),
  ],
  ['error → slave', 'the claim is lost', () => expired().written(false)],
  ['error → slave', 'it resigns while it claims', () => expired().resign()],
  ['error → stopped', 'stop', () => ending(inError())],
];

function expired(): Bench {
  const bench = master().pass(validity);
  return bench.tip(1).observed(bench.claimed);
}

describe('every move of the table is made', () => {
  test.each(ways)('%s: %s', (move, _, go) => {
    const bench = go();
    const [from, to] = move.split(' → ');
    expect(bench.phase).toBe(to);
    const last = bench.took('phase').at(-1);
    if (last !== undefined) expect(last).toEqual({ type: 'phase', from, to });
  });

  test('and a new row or move needs a new test', () => {
    const rows = Object.entries(transitions).flatMap(([from, row]) => row.map((to) => `${from} → ${to}`));
    expect(rows.toSorted()).toEqual([...new Set(ways.map(([move]) => move))].toSorted());
  });
});

/** Any answer to any request, also an old one, again, or one that does not fit what the store said before. */
function randomAnswer(bench: Bench, random: () => number, leases: readonly (Lease | null)[]): ElectionEvent {
  const pick = <T>(choices: readonly [T, ...T[]]): T => choices[Math.floor(random() * choices.length)] ?? choices[0];
  const all = bench.requests;
  // Mostly the latest ones: else nothing would ever get anywhere.
  const asked = all[all.length - 1 - Math.floor(random() ** 3 * Math.min(all.length, 12))];
  if (asked === undefined) return { type: 'tick' };
  const { request } = asked;
  if (random() < 0.15) return { type: 'failed', request, error: new Error('failed') };
  const yes = random() < 0.8;
  const epoch = random() < 0.97 ? 'first' : 'second';
  switch (asked.type) {
    case 'readTip': {
      const term = (bench.state.tip?.term ?? 0) + pick([0, 0, 0, 1]);
      const claim = random() < 0.9 ? (bench.state.claim?.id ?? `x/${term}`) : 'other/1';
      return { type: 'tip', request, tip: { term, ttl: 0, epoch, claim } };
    }
    case 'observe': {
      const lease = pick([bench.state.seen?.lease ?? null, leases[Math.floor(random() * leases.length)] ?? null]);
      return {
        type: 'observed',
        request,
        observation: { lease, newer: random() < 0.1, settled: random() < 0.7, epoch },
        holderIsGone: random() < 0.3,
      };
    }
    case 'writeLease':
      return { type: 'leaseWritten', request, written: yes };
    case 'insertTerm':
      return { type: 'termInserted', request, inserted: yes, claim: yes ? asked.claim : 'other/1' };
    case 'releaseDead':
      return { type: 'deadReleased', request, matched: yes };
    case 'beat':
      return { type: 'beaten', request, matched: yes };
    case 'release':
      return { type: 'released', request, matched: yes };
  }
}

test('whatever happens in whatever order, only moves of the table are made, and each of them is', () => {
  const random = randomFrom(4);
  const made = new Set<string>();
  for (let run = 0; run < 2000; run++) {
    const bench = new Bench().send({ type: 'run' });
    for (let count = 0; count < 80 && bench.phase !== 'stopped'; count++) {
      const { term = 1, claim = 'x' } = bench.requests.some(({ type }) => type === 'writeLease') ? bench.claimed : {};
      const own = leaseOf('me', { term, claim });
      const leases = [null, leaseOf('other', { beat: count }), leaseOf(null, { beat: count }), own];
      const dice = random();
      if (dice < 0.25) bench.pass(random() ** 4 * 8000);
      else if (dice < 0.85) bench.send(randomAnswer(bench, random, leases));
      else if (dice < 0.88) bench.send({ type: 'clockJump', ahead: random() * 3000 });
      else if (dice < 0.91) bench.send({ type: 'available' });
      else if (dice < 0.94) bench.send({ type: 'progress' });
      else if (dice < 0.95) bench.resign();
      else if (dice < 0.965) bench.fit();
      else if (dice < 0.975) bench.send({ type: 'stop' });
      else if (bench.state.stopping === 'draining') bench.send({ type: random() < 0.7 ? 'drained' : 'abandon' });
    }
    for (const { from, to } of bench.took('phase')) made.add(`${from} → ${to}`);
  }
  const rows = Object.entries(transitions).flatMap(([from, row]) => row.map((to) => `${from} → ${to}`));
  expect([...made].toSorted()).toEqual(rows.toSorted());
});
