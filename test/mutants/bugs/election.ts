/** Mistakes in the election: docs/explain/protocol.md has the rules by number. */
import type { PlantedBug } from '../plantedBug.ts';

const protocol = 'src/election/protocol.ts';
const elector = 'src/election/elector.ts';
const caughtBy = ['search', 'walks'] as const;

export const electionBugs: readonly PlantedBug[] = [
  {
    name: 'claim-without-record',
    breaks: 'A claim is won with the compare-and-set of the lease; no term record is inserted (rule 2).',
    file: protocol,
    find: 'return answer.written ? this.insertRecord(claim) : this.claimLost();',
    replace: `if (!answer.written) return this.claimLost();
        return claim.term > 0 ? this.claimWon(claim) : this.insertRecord(claim);`,
    caughtBy,
  },
  {
    name: 'taken-record-ignored',
    breaks: 'Who finds the record of its term taken by another claim goes on as if it were its own (rule 2).',
    file: protocol,
    find: 'if (!answer.inserted && answer.claim !== claim.id) return this.claimLost();',
    replace: '',
    // Else the last look finds it.
    also: [{ find: ' && (tip.claim ?? claim.id) === claim.id', replace: '' }],
    caughtBy,
  },
  {
    name: 'higher-record-ignored',
    breaks: 'After the insert no member looks whether a higher record exists (rule 2).',
    file: protocol,
    find: 'return this.isConfirmed(claim, answer.tip) ? this.claimWon(claim) : this.claimLost();',
    replace: 'return this.isConfirmed(claim, answer.tip) || claim.term > 0 ? this.claimWon(claim) : this.claimLost();',
    caughtBy: ['properties'],
  },
  {
    name: 'version-without-claim',
    breaks: 'The claim id is left out of the version that a standby watches (rule 1).',
    file: protocol,
    find: 'const same = a.term === b.term && a.claim === b.claim && a.beat === b.beat && a.ack === b.ack;',
    replace: 'const same = a.term === b.term && a.beat === b.beat && a.ack === b.ack;',
    caughtBy: ['walks'],
  },
  {
    name: 'version-without-beat',
    breaks: 'The beat number is left out of the version that a standby watches (rule 1).',
    file: protocol,
    find: 'const same = a.term === b.term && a.claim === b.claim && a.beat === b.beat && a.ack === b.ack;',
    replace: 'const same = a.term === b.term && a.claim === b.claim && a.ack === b.ack;',
    caughtBy: ['walks'],
  },
  {
    name: 'version-without-acknowledgement',
    breaks: 'The number of the last acknowledgement is left out of the version that a standby watches (rule 1).',
    file: protocol,
    find: 'const same = a.term === b.term && a.claim === b.claim && a.beat === b.beat && a.ack === b.ack;',
    replace: 'const same = a.term === b.term && a.claim === b.claim && a.beat === b.beat;',
    caughtBy: ['properties'],
  },
  {
    name: 'term-from-lease',
    breaks: 'A claim takes its term from the lease instead of from the tip (rule 2).',
    file: protocol,
    find: 'term: seen.tip.term + 1,',
    replace: 'term: (seen.lease?.term ?? seen.tip.term) + 1,',
    caughtBy: ['search', 'properties'],
  },
  {
    name: 'claim-valid-from-answer',
    breaks: 'The validity of a claim is counted from its last answer instead of from before it was sent (rule 4).',
    file: protocol,
    find: 'const validUntil = claim.sentAt + validity(config.intervals);',
    replace: 'const validUntil = this.now + validity(config.intervals);',
    caughtBy,
  },
  {
    name: 'beat-valid-from-answer',
    breaks: 'The validity after a beat is counted from its answer instead of from before it was sent (rule 4).',
    file: protocol,
    find: 'Math.max(mastership.validUntil, sentAt + validity(this.config.intervals))',
    replace: 'Math.max(mastership.validUntil, this.now + validity(this.config.intervals))',
    caughtBy: ['search', 'properties'],
  },
  {
    name: 'whole-ttl-valid',
    breaks: 'The holder counts on its whole time to live, and no room is left for clocks of different rates (rule 4).',
    file: 'src/options/leaseTimes.ts',
    find: 'const VALIDITY_SHARE = 0.95;',
    replace: 'const VALIDITY_SHARE = 1;',
    caughtBy,
  },
  {
    name: 'late-answer-revives',
    breaks: 'An answer that comes after the validity ended extends it (rule 4).',
    file: protocol,
    find: '  draft.expire();\n  draft.handle(event);\n',
    replace: '  draft.handle(event);\n  draft.expire();\n',
    caughtBy: ['search', 'properties'],
  },
  {
    name: 'waits-for-slave-only',
    breaks: 'A standby claims after SLAVE alone (rule 2).',
    file: protocol,
    find: 'Math.max(timeToLive(this.config.intervals), lease?.ttl ?? 0, tip.ttl)',
    replace: '(lease?.ttl ?? 0) + tip.ttl < 0 ? 0 : this.config.intervals.SLAVE',
    caughtBy,
  },
  {
    name: 'waits-for-own-ttl-only',
    breaks: 'A standby does not wait for the longer time to live of the holder (rule 2).',
    file: protocol,
    find: 'Math.max(timeToLive(this.config.intervals), lease?.ttl ?? 0, tip.ttl)',
    replace: '(lease?.ttl ?? 0) + tip.ttl < 0 ? 0 : timeToLive(this.config.intervals)',
    caughtBy,
  },
  {
    name: 'ttl-of-tip-ignored',
    breaks: 'A standby waits for the time to live that the lease says, and not for that on record (rule 2).',
    file: protocol,
    find: 'lease?.ttl ?? 0, tip.ttl);\n    return settled',
    replace: 'lease?.ttl ?? 0, Math.min(0, tip.ttl));\n    return settled',
    caughtBy: ['search', 'properties'],
  },
  {
    name: 'stale-release-followed',
    breaks: 'A released lease is followed at once, also when a record has overtaken it (rule 2).',
    file: protocol,
    find: 'const invites = lease !== null && lease.term === tip.term && (lease.holder === null || mine);',
    replace: 'const invites = lease !== null && (lease.holder === null || mine);',
    caughtBy,
  },
  {
    name: 'unknown-record-is-won',
    breaks: 'A claim whose record was not answered counts as won (rule 5).',
    file: protocol,
    find: "if (answer.type === 'failed') return this.claimFailed(claim, answer.error);",
    replace: `if (answer.type === 'failed') {
      return claim.step === 'record' ? this.claimWon(claim) : this.claimFailed(claim, answer.error);
    }`,
    caughtBy,
  },
  {
    name: 'unknown-lease-write-is-success',
    breaks: 'A compare-and-set that was not answered counts as written (rule 5).',
    file: protocol,
    find: "if (answer.type === 'failed') return this.claimFailed(claim, answer.error);",
    replace: `if (answer.type === 'failed') {
      return claim.step === 'lease' ? this.insertRecord(claim) : this.claimFailed(claim, answer.error);
    }`,
    caughtBy,
  },
  {
    name: 'unknown-beat-is-success',
    breaks: 'A beat that was not answered extends the validity (rules 4 and 6).',
    file: protocol,
    find: `      this.beatFrom(mastership.lastSentAt + this.config.intervals.POLL);
      return;`,
    replace: `      const until = Math.max(mastership.validUntil, sentAt + validity(this.config.intervals));
      this.state.mastership = { ...this.state.mastership, validUntil: until };
      this.effects.push({ type: 'lease', term: mastership.term, validUntil: until });
      this.beatFrom(mastership.lastSentAt + this.config.intervals.POLL);
      return;`,
    caughtBy,
  },
  {
    name: 'lost-beat-ignored',
    breaks: 'A beat that matched nothing still extends the validity (rule 3).',
    file: protocol,
    find: 'if (!answer.matched) {',
    replace: 'if (!answer.matched && mastership.term < 0) {',
    caughtBy,
  },
  {
    name: 'hanging-work-is-released',
    breaks: 'Who resigns because its work hangs releases the lease, although the work may run on (rule 10).',
    file: 'src/election/protocol.ts',
    find: 'if (nothingRuns) {',
    replace: 'if (nothingRuns || mastership.beat >= 0) {',
    caughtBy: ['search'],
  },
  {
    name: 'unfit-member-claims',
    breaks: 'Who resigned is fit again at once, and claims while its work still hangs (rule 10).',
    file: protocol,
    find: 'this.state.unfit = true;',
    replace: 'this.state.unfit = false;',
    caughtBy,
  },
  {
    name: 'grace-halved',
    breaks: 'Work is fenced too late: half of the grace is gone by then (rule 7).',
    file: protocol,
    find: 'if (!mastership.fenced && this.now >= mastership.validUntil - this.config.grace) {',
    replace: 'if (!mastership.fenced && this.now >= mastership.validUntil - this.config.grace / 2) {',
    also: [
      {
        find: 'const ends = fenced ? validUntil : Math.min(validUntil, validUntil - this.config.grace);',
        replace: 'const ends = fenced ? validUntil : Math.min(validUntil, validUntil - this.config.grace / 2);',
      },
    ],
    caughtBy,
  },
  {
    name: 'fence-not-told',
    breaks: 'The news that work must stop never reaches the member (rule 7).',
    file: elector,
    find: 'else this.parts.callbacks.notify(effect);',
    replace: "else if (effect.type !== 'fence') this.parts.callbacks.notify(effect);",
    caughtBy: ['simulation', 'walks'],
  },
  {
    name: 'suspension-ignored',
    breaks: 'What the monotonic clock missed is not taken from the validity (rule 8).',
    file: protocol,
    find: 'draft.clockJumped(event.ahead);',
    replace: 'draft.clockJumped(0);',
    caughtBy,
  },
  {
    name: 'suspension-of-both-clocks-only',
    breaks: 'A suspension is noticed only when both other clocks show it, so a wall clock set back hides it (rule 8).',
    file: 'src/election/suspensionWatch.ts',
    find: 'const ahead = Math.max(fromBoot, fromWall);',
    replace: 'const ahead = Math.min(fromBoot, fromWall);',
    caughtBy: ['simulation', 'walks'],
  },
  {
    name: 'suspension-noticed-late',
    breaks: 'A master looks at the other clocks only when a beat is due (rule 8).',
    file: 'src/election/suspensions.ts',
    find: 'this.cancel ??= this.clock.at(nextOnGrid(this.clock.now(), WATCH_PERIOD_MS, 0), () => {',
    replace: 'this.cancel ??= this.clock.at(nextOnGrid(this.clock.now(), 100 * WATCH_PERIOD_MS, 0), () => {',
    caughtBy: ['simulation', 'walks'],
  },
  {
    name: 'release-without-draining',
    breaks: 'Who is told to stop releases the lease while its work still runs (rule 9).',
    file: protocol,
    find: "this.state.stopping = 'draining';",
    replace: "this.state.stopping = 'drained';",
    caughtBy,
  },
  {
    name: 'abandoned-work-is-released',
    breaks: 'The lease is released although work would not stop (rule 9).',
    file: protocol,
    find: "if (this.state.mastership !== null) this.stepDown('error', 'work would not stop, so the lease is left to run out');",
    replace: '',
    caughtBy: ['walks'],
  },
  {
    name: 'one-failed-beat-concedes',
    breaks: 'A single failed beat ends the mastership (rule 6).',
    file: protocol,
    find: "this.effects.push({ type: 'beatFailed', error });\n      this.beatFrom(",
    replace: `this.effects.push({ type: 'beatFailed', error });
      if (sentAt >= mastership.lastSentAt) {
        this.stepDown('error', 'a beat failed');
        this.state.nextLookAt = this.now;
        return;
      }
      this.beatFrom(`,
    caughtBy: ['walks'],
  },
  {
    name: 'foreign-lease-continued',
    breaks: "A claim of anybody's lease counts as a continuation of one's own, so the newer progress is thrown away.",
    file: protocol,
    find: 'continued: expected !== null && expected.claim === state.workedClaim,',
    replace: 'continued: expected !== null,',
    caughtBy: ['walks'],
  },
  {
    name: 'look-without-end',
    breaks: 'A standby whose look failed is not told to look again.',
    file: protocol,
    find: '      state.nextLookAt = this.now + this.config.intervals.POLL;\n      return;',
    replace: '      return;',
    caughtBy,
  },
  {
    name: 'lost-store-claimed-at-once',
    breaks: 'A store without lease and record is claimed at once, although it is not settled (rule 11).',
    file: protocol,
    find: 'if (settled && lease === null && tip.term === 0) return deference;',
    replace: 'if (lease === null && tip.term === 0) return deference;',
    caughtBy,
  },
  {
    name: 'release-of-a-backup-followed',
    breaks: 'A released lease is followed at once, although the store is not settled (rule 11).',
    file: protocol,
    find: 'if (settled && invites) return mine ? 0 : deference;',
    replace: 'if (invites) return mine ? 0 : deference;',
    caughtBy: ['walks'],
  },
  {
    name: 'claim-won-in-another-epoch',
    breaks:
      'A claim counts as won although the store was emptied or replaced since the look that it goes by (rule 11).',
    file: protocol,
    find: ' && tip.epoch === claim.epoch;',
    replace: ';',
    caughtBy,
  },
  {
    name: 'wait-goes-on-in-another-epoch',
    breaks: 'The wait that began before the store was emptied or replaced goes on after it (rule 11).',
    file: protocol,
    find: 'if (seen.tip.epoch !== tip.epoch || seen.tip.term !== tip.term) return false;',
    replace: 'if (seen.tip.term !== tip.term) return false;',
    also: [
      {
        find: 'epoch: seen.tip.epoch,\n      waited:',
        replace: "epoch: state.tip?.epoch ?? '',\n      waited:",
      },
    ],
    caughtBy,
  },
  {
    name: 'old-claim-held-in-another-epoch',
    breaks: 'A claim that was won before the store was replaced counts as the own last one after it (rule 11).',
    file: protocol,
    find: 'this.state.heldClaim = null;\n    this.state.workedClaim = null;\n  }',
    replace: 'this.state.workedClaim = null;\n  }',
    caughtBy: ['properties'],
  },
  {
    name: 'unsettled-again-not-noticed',
    breaks: 'A store that is not settled any more does not have the wait run again (rule 11).',
    file: protocol,
    find: 'return sameVersion(seen.lease, lease) && (settled || !seen.settled);',
    replace: 'return sameVersion(seen.lease, lease) && (settled || seen.settled || tip.term >= 0);',
    caughtBy: ['properties'],
  },
  {
    name: 'longest-ttl-forgotten',
    breaks:
      'In a store that lost a lease a member does not wait for the longest time to live that it knew of (rule 11).',
    file: protocol,
    find: 'return settled ? wait : Math.max(wait, this.longestWait);',
    replace: 'return settled ? wait : Math.max(wait, 0);',
    caughtBy: ['properties'],
  },
];
