/** Rule 12: the lease of a process that is certainly gone is released for it. */
import { describe, expect, test } from 'vitest';
import type { Lease } from '../../../src/store/store.ts';
import { leaseOf } from '../../support/memoryStore.ts';
import { Bench, intervals, master, standby, ttl } from './bench.ts';

const lease = leaseOf('other');

/** Sees this lease once more, by a look that is due, with what is seen of its holder. */
function lookAgain(bench: Bench, seen: Lease | null, holderIsGone: boolean): Bench {
  bench.pass(intervals.POLL);
  const observation = { lease: seen, newer: false, settled: true, epoch: 'first' };
  return bench.send({ type: 'observed', request: bench.asked('observe').request, observation, holderIsGone });
}

/** A standby that knows whose claim the record of the tip has. */
function knowing(claim: string, seen = lease, tip = 1): Bench {
  const bench = new Bench().send({ type: 'run' }).send({ type: 'tick' });
  bench.send({ type: 'tip', request: bench.asked('readTip').request, tip: { term: tip, ttl, claim, epoch: 'first' } });
  bench.observed(seen);
  bench.take();
  return bench;
}

describe('rule 12: a holder that died', () => {
  test('has its lease released, and is followed at once', () => {
    const bench = lookAgain(knowing(lease.claim), lease, true);
    expect(bench.took('releaseDead')).toMatchObject([{ term: 1, holder: 'other', claim: lease.claim }]);
    bench.send({ type: 'deadReleased', request: bench.asked('releaseDead').request, matched: true });
    expect(bench.types()).toContain('observe');
    bench.observed({ ...lease, holder: null, died: true });
    expect(bench.took('writeLease')).toMatchObject([{ next: { term: 2, holder: 'me' } }]);
  });

  test('does not when nothing is seen of it', () => {
    expect(lookAgain(knowing(lease.claim), lease, false).types()).not.toContain('releaseDead');
  });

  test('is looked at at once when its process is said to be gone', () => {
    const bench = knowing(lease.claim).pass(1);
    bench.send({ type: 'holderGone' });
    expect(bench.types()).toContain('observe');
    bench.send({ type: 'holderGone' });
    expect(bench.types()).not.toContain('observe');
  });

  const refused: [string, () => Bench, Lease][] = [
    ['whose claim is not on record', () => knowing('winner/1'), lease],
    ['when it is not known whose claim is on record', () => standby(), lease],
    ['of a term that is over', () => knowing('winner/2', lease, 2), lease],
    ['that was released', () => knowing(lease.claim), leaseOf(null)],
    ['of its own', () => knowing('me/1', leaseOf('me')), leaseOf('me')],
  ];
  test.each(refused)('keeps a lease %s', (_, bench, seen) => {
    expect(lookAgain(bench(), seen, true).types()).not.toContain('releaseDead');
  });

  test('is released by a member that may not claim, too, for the others', () => {
    const bench = knowing(lease.claim).resign();
    expect(lookAgain(bench, lease, true).types()).toContain('releaseDead');
  });

  test('is left alone by a member that stops', () => {
    const bench = knowing(lease.claim).pass(intervals.POLL);
    const { request } = bench.asked('observe');
    bench.send({ type: 'stop' });
    const observation = { lease, newer: false, settled: true, epoch: 'first' };
    bench.send({ type: 'observed', request, observation, holderIsGone: true });
    expect(bench.types()).not.toContain('releaseDead');
  });

  test('is tried again after a release that failed', () => {
    const bench = lookAgain(knowing(lease.claim), lease, true);
    bench.failed('releaseDead');
    bench.take();
    expect(lookAgain(bench, lease, true).types()).toContain('releaseDead');
  });
});

test('rule 12: each claim names its process, and a member that dies while it works says so when it releases', () => {
  const process = { boot: 'b', namespace: 'n', pid: 1, start: '1' };
  const { config } = new Bench();
  const bench = new Bench({ ...config, process }).look(null, 0);
  expect(bench.claimed.process).toEqual(process);
  for (const dies of [false, true]) {
    const ending = master();
    if (dies) ending.send({ type: 'dying' });
    ending.send({ type: 'stop' }).send({ type: 'drained' });
    const [release] = ending.took('release');
    expect(release?.died).toBe(dies ? ending.claimed.claim : undefined);
  }
});
