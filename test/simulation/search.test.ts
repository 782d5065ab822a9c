/** The search itself: it passes at a small bound, and it can fail. The whole of it is `npm run search -- --ci`. */
import assert from 'node:assert/strict';
import { describe, expect, test } from 'vitest';
import { step } from '../../src/election/protocol.ts';
import { timeToLive, validity } from '../../src/options/leaseTimes.ts';
import { byLook, bySum } from '../../src/store/matches.ts';
import { explore } from './search/explore.ts';
import { type Character, type Core, character, type FaultName, type Setting, scales } from './search/setting.ts';
import { tell } from './search/trace.ts';

function pair(scale: keyof typeof scales): Character[] {
  return [character('slow', scales[scale]), character('fast', scales[scale])];
}

function setting(fields: Partial<Omit<Setting, 'kinds'>> & { kinds?: FaultName[] }): Setting {
  const { kinds = [], ...others } = fields;
  const bounds = { faults: 1, terms: 0, beats: 0, maxStates: 200_000, liveness: 1 };
  return {
    core: step,
    weak: false,
    matches: { bySum, byLook },
    members: pair('small'),
    siblings: false,
    ...bounds,
    ...others,
    kinds: new Set(kinds),
  };
}

describe('the election', () => {
  test.each([false, true])('holds with one late call or answer and two members (weak store: %s)', (weak) => {
    const report = explore(setting({ weak, kinds: weak ? ['hold', 'gap'] : ['late'] }));
    expect(report.violation).toBeNull();
    expect(report.exhaustive).toBe(true);
    expect(report.highestTerm).toBeGreaterThan(1);
    expect(report.liveness.tried).toBe(report.states - 1);
    expect(report.liveness.longest).toBeGreaterThan(0);
  });

  test('holds when the store loses everything at any moment, which also ends the first wait again', () => {
    const report = explore(setting({ kinds: ['wiped'] }));
    expect(report.violation).toBeNull();
    expect(report.exhaustive).toBe(true);
    expect(report.highestTerm).toBeGreaterThan(1);
  });

  test.each([false, true])('holds with beats of which not all match in one command (weak store: %s)', (weak) => {
    const kinds: FaultName[] = weak ? ['beside', 'apart', 'gap'] : ['beside', 'apart', 'wiped'];
    const report = explore(setting({ weak, kinds }));
    expect(report.violation).toBeNull();
    expect(report.exhaustive).toBe(true);
  });

  test('is searched the same way each time', () => {
    const [first, second] = [explore(setting({ kinds: ['gap'] })), explore(setting({ kinds: ['gap'] }))];
    expect(second).toEqual(first);
  });
});

/** Validity counted from the moment of the answer, not from before the request was sent. */
const fromTheAnswer: Core = (config, state, event, now) => {
  const [next, effects] = step(config, state, event, now);
  const won = state.mastership === null && next.mastership !== null;
  if (next.mastership === null || !(won || (event.type === 'beaten' && event.matched))) return [next, effects];
  const validUntil = now + validity(config.intervals);
  const mastership = { ...next.mastership, validUntil };
  return [
    { ...next, mastership },
    effects.map((effect) => (effect.type === 'lease' ? { ...effect, validUntil } : effect)),
  ];
};

/** A standby counts a new version as if it had stood for a tick already. */
const waitTooShort: Core = (config, state, event, now) => {
  const [next, effects] = step(config, state, event, now);
  if (next.seen === null || next.seen.since !== now || event.type !== 'observed') return [next, effects];
  return [{ ...next, seen: { ...next.seen, since: now - config.intervals.POLL } }, effects];
};

/** The member that matched the lease has won, whatever the record says. */
const recordIgnored: Core = (config, state, event, now) => {
  const { claim } = state;
  if (claim === null) return step(config, state, event, now);
  if (event.type === 'termInserted') return step(config, state, { ...event, inserted: true }, now);
  if (event.type === 'tip')
    return step(config, state, { ...event, tip: { ...event.tip, term: claim.term, claim: claim.id } }, now);
  return step(config, state, event, now);
};

/** The validity is as long as the time to live: no room for clocks that run apart. */
const noRoomForClocks: Core = (config, state, event, now) => {
  const room = timeToLive(config.intervals) - validity(config.intervals);
  const [next, effects] = step(config, state, event, now);
  return [
    next,
    effects.map((effect) => (effect.type === 'lease' ? { ...effect, validUntil: effect.validUntil + room } : effect)),
  ];
};

/** Every store counts as settled. */
const alwaysSettled: Core = (config, state, event, now) => {
  if (event.type !== 'observed') return step(config, state, event, now);
  return step(config, state, { ...event, observation: { ...event.observation, settled: true } }, now);
};

/** A store that was emptied counts as the one that it was before. */
const oneEpoch: Core = (config, state, event, now) => {
  const epoch = 'only';
  if (event.type === 'tip') return step(config, state, { ...event, tip: { ...event.tip, epoch } }, now);
  if (event.type !== 'observed') return step(config, state, event, now);
  return step(config, state, { ...event, observation: { ...event.observation, epoch } }, now);
};

/** A standby that saw the store fail twice never looks again. */
const givesUp: Core = (config, state, event, now) => {
  const [next, effects] = step(config, state, event, now);
  return next.phase === 'error' ? [{ ...next, nextLookAt: null, wakeAt: null }, effects] : [next, effects];
};

describe('a bug that was planted is found', () => {
  /** It takes two faults, but neither a second failover nor many beats. */
  const near = { members: pair('medium'), terms: 2, beats: 1, liveness: 0 };
  const bugs: [string, Core, Partial<Omit<Setting, 'kinds'>> & { kinds: FaultName[] }, RegExp][] = [
    ['validity from the answer', fromTheAnswer, { faults: 2, kinds: ['late', 'pause'], ...near }, /at once/],
    ['a wait too short', waitTooShort, { kinds: ['hold', 'pause'] }, /at once/],
    ['the record ignored', recordIgnored, { weak: true, kinds: ['gap'] }, /at once|is won after/],
    ['a store that lost everything claimed at once', alwaysSettled, { kinds: ['wiped'] }, /at once/],
    ['a wait that goes on in an emptied store', oneEpoch, { kinds: ['wiped'] }, /at once/],
    ['no room for clocks', noRoomForClocks, { kinds: ['pause'] }, /at once|past the grace/],
    [
      'a store given up for ever',
      givesUp,
      { kinds: ['hold'], members: [character('slow', scales.small)] },
      /no member works within/,
    ],
  ];

  test.each(bugs)('%s', (_, core, fields, message) => {
    const broken = setting({ core, ...fields });
    const { violation } = explore(broken);
    assert.ok(violation !== null);
    expect(violation.message).toMatch(message);
    const lines = tell(broken, violation.moves);
    expect(lines.length).toBeGreaterThan(1);
    expect(lines.filter((line) => line.includes('FAULT')).length).toBeLessThanOrEqual(broken.faults);
    if (process.env.SEARCH_TRACE !== undefined) console.log([violation.message, ...lines].join('\n'));
  });
});
