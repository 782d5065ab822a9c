/** Mistakes among members that are configured differently, on the last way out of a process, and on the way of a submitted task. */
import type { PlantedBug } from '../plantedBug.ts';

const yielding = 'src/coordinator/yielding.ts';
const waiters = 'src/facade/admission.ts';
const many = 'src/facade/manyTasks.ts';
const named = ['named'] as const;
const caughtBy = ['walks'] as const;

export const memberBugs: readonly PlantedBug[] = [
  {
    name: 'old-notice-lives',
    breaks: 'A notice that was never seen to change counts as one of a member that lives.',
    file: yielding,
    find: 'this.signs.set(key, { notice, changedAt: null });',
    replace: 'this.signs.set(key, { notice, changedAt: now });',
    caughtBy: named,
  },
  {
    name: 'stands-back-in-vain',
    breaks: 'A member gives way without end to one that never takes the lease.',
    file: yielding,
    find: 'if (now - this.since < PATIENCE_TTLS * longest) return notice;',
    replace: 'if (now - this.since < PATIENCE_TTLS * longest || longest > 0) return notice;',
    caughtBy: named,
  },
  {
    name: 'wishes-hide-each-other',
    breaks: 'The notices of one kind are taken for one, whether or not they want the lease.',
    file: yielding,
    find: "[notice.configuration.kind, notice.wants].join(' ')",
    replace: "[notice.configuration.kind].join(' ')",
    caughtBy: named,
  },
  {
    name: 'equals-outrank-each-other',
    breaks: 'Of two members of one kind each gives its mastership up for the other.',
    file: 'src/options/configuration.ts',
    find: 'return kinds.indexOf(first) > kinds.indexOf(second);',
    replace: 'return kinds.indexOf(first) >= kinds.indexOf(second);',
    caughtBy,
  },
  {
    name: 'takes-over-without-need',
    breaks: 'A standby of a higher kind wants the lease though nothing waits for it.',
    file: 'src/coordinator/configurationWatch.ts',
    find: 'return (await waiting()) > 0;',
    replace: 'return (await waiting()) >= 0;',
    caughtBy: named,
  },
  {
    name: 'another-kind-is-followed',
    breaks: 'A standby takes what a master of another kind has done out of its own queue.',
    file: 'src/coordinator/member.ts',
    find: 'if (isOurKind) this.duty.seen(lease);',
    replace: 'if (isOurKind || lease.count > 0) this.duty.seen(lease);',
    caughtBy: named,
  },
  {
    name: 'configuration-of-another-claim',
    breaks: 'What an earlier holder said of itself counts for an older version that claimed after it.',
    file: 'src/store/documents.ts',
    find: 'return isFields(stored) && stored.claim === this.fields.claim ? stored : undefined;',
    replace: 'return isFields(stored) ? stored : undefined;',
    caughtBy: named,
  },
  {
    name: 'first-resort-is-trusted',
    breaks: 'After the SIGKILL nothing else is tried, as if it ended the first process of a namespace, too.',
    file: 'src/surroundings/lastResorts.ts',
    find: 'for (const { end } of resorts) {',
    replace: 'for (const { end } of resorts.slice(0, 1)) {',
    caughtBy: named,
  },
  {
    name: 'waiters-as-arguments',
    breaks: 'All who found no room become arguments of one call, which is a RangeError for as many as wait.',
    file: waiters,
    find: 'for (const [index, ticket] of stay.entries()) this.line[this.next + index] = ticket;',
    replace: 'this.line.splice(this.next, stay.length, ...stay);',
    caughtBy: named,
  },
  {
    name: 'waiters-trade-places',
    breaks: 'Those who were called and found no room stand in another order than before.',
    file: waiters,
    find: 'this.line[this.next + index] = ticket;',
    replace: 'this.line[this.next + stay.length - 1 - index] = ticket;',
    caughtBy: named,
  },
  {
    name: 'many-go-on-after-failure',
    breaks: 'After a failed write the rest of a `submitMany` is stored, and what is stored is no beginning of it.',
    file: many,
    find: 'failure ??= { error };\n          receiver.over = true;',
    replace: 'failure ??= { error };',
    caughtBy: named,
  },
  {
    name: 'many-are-overtaken',
    breaks:
      'Callers that wait for room behind a `submitMany` are asked with it, and may find the room that it did not.',
    file: waiters,
    find: 'const called = alone < 0 ? first : first.slice(0, Math.max(1, alone));',
    replace: 'const called = alone < 0 ? first : first.slice(0);',
    caughtBy: named,
  },
  {
    name: 'bad-one-of-many-stays',
    breaks: 'The tasks before a bad one keep their memory, though none of them was queued.',
    file: many,
    find: 'for (const task of encoded) free(task);',
    replace: 'for (const task of encoded.slice(1)) free(task);',
    caughtBy: named,
  },
  {
    name: 'getter-is-read-again',
    breaks: 'A task that turns out not to be flat is read from its beginning again, so a getter may say two things.',
    file: 'src/task/taskCodec.ts',
    find: 'new TaskCopy(task, maxTaskBytes, flat)',
    replace: 'new TaskCopy(task, maxTaskBytes)',
    caughtBy: named,
  },
  {
    name: 'flat-negative-zero',
    breaks: 'In a flat task -0 comes back as 0.',
    file: 'src/task/flatTask.ts',
    find: '(value | 0) === value && (value !== 0 || 1 / value > 0)',
    replace: '(value | 0) === value',
    caughtBy: named,
  },
];
