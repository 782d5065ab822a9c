/** Mistakes about processes that are gone: rule 12 of docs/explain/protocol.md. */
import type { PlantedBug } from '../plantedBug.ts';

const protocol = 'src/election/protocol.ts';
const watch = 'src/coordinator/deathWatch.ts';
const identity = 'src/surroundings/processIdentity.ts';

export const deathBugs: readonly PlantedBug[] = [
  {
    name: 'death-without-record',
    breaks: 'The lease of a dead process is released although the record of its term has the claim of another member.',
    file: protocol,
    find: 'if (term !== tip.term || claim !== tip.claim) return;',
    replace: 'if (term !== tip.term) return;',
    caughtBy: ['search'],
  },
  {
    name: 'death-never-seen-alive',
    breaks: 'A process that was never seen alive counts as gone, as that of another machine of the same boot id.',
    file: watch,
    find: 'return holder.seen && !alive;',
    replace: 'return !alive;',
    caughtBy: ['named'],
  },
  {
    name: 'lifeline-believed',
    breaks: 'A process counts as gone because its lifeline has ended, without a look at it.',
    file: watch,
    find: '    this.looks.delete(key);\n    for (const member of this.members) member.check(key);',
    replace:
      '    this.looks.set(key, { at: this.parts.clock.now(), alive: false });\n    for (const member of this.members) member.check(key);',
    caughtBy: ['named', 'simulation'],
  },
  {
    name: 'lifeline-stale-look',
    breaks: 'The end of a lifeline is answered with a look at the process that was taken before.',
    file: watch,
    find: '    this.looks.delete(key);\n    for (const member of this.members) member.check(key);',
    replace: '    for (const member of this.members) member.check(key);',
    caughtBy: ['named'],
  },
  {
    name: 'death-in-another-container',
    breaks: 'The number of a process in another namespace is looked for in this one.',
    file: watch,
    find: 'boot === me.boot && namespace === me.namespace',
    replace: 'boot === me.boot',
    caughtBy: ['named'],
  },
  {
    name: 'stopped-process-is-gone',
    breaks: 'A process that was stopped (SIGSTOP) counts as one that has ended.',
    file: identity,
    find: "ended: state === 'Z' || state === 'X'",
    replace: "ended: state === 'Z' || state === 'X' || state === 'T'",
    caughtBy: ['named'],
  },
  {
    name: 'hidden-process-is-gone',
    breaks: 'A process of another user, which the system hides, counts as gone.',
    file: identity,
    find: "return found === 'hidden' || other.start === '' || found.start === other.start;",
    replace: "return found !== 'hidden' && (other.start === '' || found.start === other.start);",
    caughtBy: ['named'],
  },
  {
    name: 'death-releases-any-claim',
    breaks: 'The release for a dead process does not name its claim.',
    file: 'src/store/embedded/leases.ts',
    find: 'isHeldBy(tenure, old, this.facts) && old.claim === claim',
    replace: 'isHeldBy(tenure, old, this.facts)',
    caughtBy: ['contract'],
  },
  {
    name: 'death-is-a-clean-release',
    breaks: 'After a death no task is a suspect, so a task that kills its process kills one after another.',
    file: 'src/coordinator/duties/durableDuty.ts',
    find: 'lease.holder === null && lease.died === undefined',
    replace: 'lease.holder === null',
    caughtBy: ['simulation', 'named'],
  },
  {
    name: 'exit-clears-the-suspect',
    breaks: 'A process that dies amid a suspect takes its record back as it exits.',
    file: 'src/coordinator/duties/durableDuty.ts',
    find: "how === 'drained' && !this.isCutShort",
    replace: "how === 'drained'",
    caughtBy: ['named'],
  },
  {
    name: 'exit-waits-for-the-task',
    breaks: 'The exit of a process waits until the running task has ended.',
    file: 'src/queue/dispatcher.ts',
    find: "if (this.mode !== 'halting') this.stopWork('halting', EXIT_REASON);\n    this.terminateRunner();",
    replace: "if (this.mode !== 'halting') this.stopWork('halting', EXIT_REASON);",
    caughtBy: ['named'],
  },
  {
    name: 'death-of-an-earlier-claim',
    breaks: 'A release counts as that of a holder that died, because one before it was.',
    file: 'src/store/documents.ts',
    find: 'holder === null && this.fields.died === this.fields.claim',
    replace: 'holder === null && this.fields.died !== undefined',
    caughtBy: ['named'],
  },
];
