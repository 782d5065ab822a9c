/** Mistakes where the election, the queue and the work meet. */
import type { PlantedBug } from '../plantedBug.ts';

const durable = 'src/coordinator/duties/durableDuty.ts';
const managed = 'src/coordinator/duties/memoryDuty.ts';
const caughtBy = ['simulation'] as const;

export const workBugs: readonly PlantedBug[] = [
  {
    name: 'released-before-the-flush',
    breaks: 'A member releases its lease before what has run is acknowledged.',
    file: durable,
    find: "const flush = (how: 'drained' | 'stuck') => this.queue.flush(how === 'drained' && !this.isCutShort);",
    replace: 'const flush = () => Promise.resolve();',
    caughtBy,
  },
  {
    name: 'stuck-work-is-released',
    breaks: 'The lease is released although work would not stop (rule 9).',
    file: 'src/coordinator/member.ts',
    find: "if (how === 'drained') this.elector.drained(drain);",
    replace: 'if (how !== undefined) this.elector.drained(drain);',
    caughtBy,
  },
  {
    name: 'takeover-without-suspects',
    breaks: 'After the crash of another master its unacknowledged tasks are not treated as suspects.',
    file: durable,
    find: 'this.queue.start({ name, term, holder }, continued || this.released);',
    replace: 'this.queue.start({ name, term, holder }, continued || this.released || term > 0);',
    caughtBy,
  },
  {
    name: 'durable-fence-not-passed-on',
    breaks: 'A fence does not reach the work of a stored queue (rule 7).',
    file: durable,
    find: 'this.dispatcher.fence(reason);',
    replace: 'if (reason === undefined) this.dispatcher.fence(reason);',
    caughtBy,
  },
  {
    name: 'memory-fence-not-passed-on',
    breaks: 'A fence does not reach the work of a queue in memory (rule 7).',
    file: managed,
    find: 'this.dispatcher.fence(reason);',
    replace: 'if (reason === undefined) this.dispatcher.fence(reason);',
    caughtBy,
  },
  {
    name: 'own-old-window-continued',
    breaks: "A member that is master again goes on from its own old count instead of from the lease's.",
    file: managed,
    find: 'if (!continued) this.done.start(progress);',
    replace: 'if (!continued && this.done.progress().count === 0) this.done.start(progress);',
    caughtBy: ['properties'],
  },
  {
    name: 'deposed-member-trusts-its-count',
    breaks: 'A deposed master follows the next lease from the last count that it saw as a standby.',
    file: managed,
    find: `is not what the next lease goes on from.
    this.follower.continueFrom(undefined);`,
    replace: 'is not what the next lease goes on from.',
    caughtBy: ['properties'],
  },
  {
    name: 'late-fed-task-queued',
    breaks: 'A task that another member has done before it was fed here is queued.',
    file: managed,
    find: "if (this.follower.arrives(id)) return 'done';",
    replace: "if (this.follower.arrives(id) && id === '') return 'done';",
    caughtBy: ['simulation'],
  },
  {
    name: 'done-not-reported',
    breaks: 'A member does not put into the lease what it has done, and a failover runs all of it again.',
    file: managed,
    find: 'for (const id of ids) this.done.add(id);',
    replace: '',
    caughtBy: ['properties'],
  },
  {
    name: 'letter-of-another-task-taken-for-its-own',
    breaks: 'A task whose letter gets no number of its own is dropped: terms began again, and the letters stayed.',
    file: managed,
    find: 'if (written !== false) return written !== null;',
    replace: 'return written !== null;',
    caughtBy: ['named'],
  },
  {
    name: 'memory-letter-lost',
    breaks: 'A task of a queue in memory is dropped before its dead letter is written.',
    file: managed,
    find: 'if (!(await this.write(reign, letter)) || !this.queue.drop(task)) return;',
    replace: 'if (!this.queue.drop(task) || !(await this.write(reign, letter))) return;',
    caughtBy: ['named'],
  },
  {
    name: 'requeue-loses-the-letter',
    breaks: 'requeue deletes the dead letter before the task is queued again.',
    file: 'src/coordinator/deadLetters.ts',
    find: 'result = await add(letter);',
    replace: 'await this.parts.store.removeDeadLetter(this.parts.name, letter.seq);\n      result = await add(letter);',
    caughtBy: ['properties'],
  },
  {
    name: 'chunk-goes-on-after-false',
    breaks: 'A chunk goes on after a task that returned false, and counts it as done.',
    file: 'src/execution/runChunk.ts',
    find: 'if (result !== true) {',
    replace: 'if (result !== true && result !== false) {',
    caughtBy: ['properties'],
  },
  {
    name: 'chunk-result-misattributed',
    breaks: 'A result is in shared memory before its task has ended, and a crash counts the running task as done.',
    file: 'src/execution/runChunk.ts',
    find: '    begins(context);\n',
    replace: '    begins(context);\n    progress.done = done + 1;\n',
    caughtBy: ['properties'],
  },
  {
    name: 'chunk-ignores-the-lease',
    breaks: 'The tasks of a chunk go on after the lease has ended.',
    file: 'src/execution/runChunk.ts',
    find: "if (lease.remaining() === 0 || lease.term !== term) return { type: 'not-run' };",
    replace: "if (lease.term !== term) return { type: 'not-run' };",
    caughtBy: ['properties'],
  },
  {
    name: 'unloadable-work-blames-the-head',
    breaks: 'Work that does not load is charged to the task at the head as an attempt.',
    file: 'src/queue/dispatcher.ts',
    find: '    callbacks.unloadable(fromWire(outcome.error), outcome.exited);',
    replace: `    const [head] = this.parts.queue.ready(1);
    if (head !== undefined) this.recordFailure(head, { type: 'error', error: outcome.error });
    callbacks.unloadable(fromWire(outcome.error), outcome.exited);`,
    caughtBy: ['simulation'],
  },
  {
    name: 'unloadable-work-keeps-the-mastership',
    breaks: 'A master whose work does not load stays master, and runs nothing (rule 10).',
    file: 'src/coordinator/workLoading.ts',
    find: 'if (this.complain(error, settled) || this.stopped) return;',
    replace: 'if (this.stopped || settled || !settled) return;',
    caughtBy: ['simulation'],
  },
  {
    name: 'claims-before-a-probe',
    breaks: 'A member whose work does not load claims again at once, without a probe that has loaded it (rule 10).',
    file: 'src/coordinator/workLoading.ts',
    find: 'if (this.complain(error, settled) || this.stopped) return;',
    replace: `const told = this.complain(error, settled);
    this.parts.fitness.withdraw('module');
    if (told || this.stopped) return;`,
    caughtBy: ['simulation'],
  },
  {
    name: 'stale-load-counts',
    breaks: 'Work that was loaded for a mastership that is over counts as loaded for the next one.',
    file: 'src/queue/dispatcher.ts',
    find: 'if (this.loading === loading) this.loadEnded(outcome);',
    replace: 'if (this.loading === loading || this.run === null) this.loadEnded(outcome);',
    caughtBy: ['walks'],
  },
];
