/** Mistakes about how tasks ended, about checkpoints, and about failures that are permanent. */
import type { PlantedBug } from '../plantedBug.ts';

const reign = 'src/queue/durable/reign.ts';
const dispatcher = 'src/queue/dispatcher.ts';
const judged = 'src/facade/outcomes.ts';
const waiters = 'src/facade/outcomeWaiters.ts';
const mongodb = 'src/store/mongodb/tasks/mongodbTasks.ts';
const embedded = 'src/store/embedded/outcomes.ts';

export const answerBugs: readonly PlantedBug[] = [
  {
    name: 'outcome-of-an-older-term-counts',
    breaks: 'What a deposed master stores late takes the place of the outcome of the next one.',
    file: 'src/store/outcomeDocuments.ts',
    find: 'a.seq === b.seq && a.term > b.term',
    replace: 'a.seq === b.seq && a.term !== b.term',
    caughtBy: ['named'],
  },
  {
    name: 'outcome-after-its-acknowledgement',
    breaks: 'A task counts as done before its outcome is stored, and a crash in between leaves it without one.',
    file: reign,
    find: 'await this.store.acknowledge(finished, burying?.burial ?? null, ended);',
    replace:
      'await this.store.acknowledge(finished, burying?.burial ?? null);\n      void this.store.putOutcomes(ended);',
    caughtBy: ['walks'],
  },
  {
    name: 'outcomes-of-a-refused-acknowledgement-dropped',
    breaks:
      'In the embedded store an acknowledgement that passes after one that was refused leaves its tasks without outcomes.',
    file: reign,
    find: '      const prove = this.proofs.sent();\n      const matched',
    replace:
      '      const prove = this.proofs.sent();\n      this.outcomes?.acknowledged(ended.length);\n      const matched',
    also: [
      { find: '      this.outcomes?.acknowledged(ended.length);\n      this.trimming', replace: '      this.trimming' },
    ],
    caughtBy: ['walks'],
  },
  {
    name: 'acknowledgement-before-its-outcomes-on-mongodb',
    breaks: 'On MongoDB a task counts as done before its outcome is stored.',
    file: mongodb,
    find: '    if (outcomes.length > 0) await this.outcomes.put(name, outcomes);\n',
    replace: '    if (outcomes.length > 0) this.outcomes.put(name, outcomes).catch(() => {});\n',
    caughtBy: ['contract'],
  },
  {
    name: 'outcomes-of-a-refused-acknowledgement-stored',
    breaks: 'In the embedded store a deposed master leaves outcomes, though its acknowledgement is refused.',
    file: embedded,
    find: 'if (matched && packed !== undefined)',
    replace: 'if (packed !== undefined)',
    caughtBy: ['units'],
  },
  {
    name: 'tasks-held-up-by-a-missing-right',
    breaks: 'A user who lacks the right on outcomes has done tasks run again, as nothing is acknowledged.',
    file: 'src/queue/durable/tenureStore.ts',
    find: 'if (!isForbidden(error)) throw error;',
    replace: 'throw error;',
    caughtBy: ['walks'],
  },
  {
    name: 'outcome-of-a-dead-letter-left-out',
    breaks: 'Those who wait for a task that becomes a dead letter hear that nothing is known.',
    file: reign,
    find: '    this.outcomes?.gaveUp(head, burial);\n',
    replace: '',
    caughtBy: ['walks'],
  },
  {
    name: 'outcomes-for-ever',
    breaks: 'Outcomes whose time is over are not deleted.',
    file: reign,
    find: '    void this.outcomes?.trim();\n',
    replace: '',
    caughtBy: ['walks'],
  },
  {
    name: 'outcome-counts-before-its-task',
    breaks: 'The outcome of a master that is then deposed is told, though the next one runs the task again.',
    file: judged,
    find: 'return outcome.seq <= done || isOut ? outcome : null;',
    replace: 'return outcome.seq <= done || isOut || stored !== null ? outcome : null;',
    also: [
      {
        find: "if (isQueued && (seq === null || stored === seq)) return { type: 'queued', seq: stored };",
        replace: "if (isQueued && seq === null) return { type: 'queued', seq: stored };",
      },
    ],
    caughtBy: ['named'],
  },
  {
    name: 'outcome-of-another-task',
    breaks: 'The outcome of a later task of the same id is told to who waits for the earlier one.',
    file: judged,
    find: 'if (seq === null || outcome.seq === seq) return',
    replace: 'if (seq === null || outcome.seq >= seq) return',
    caughtBy: ['named'],
  },
  {
    name: 'one-look-is-proof',
    breaks: 'A task that is stored between the two reads of one look is said to be unknown.',
    file: waiters,
    find: 'const MISSES_MAX = 2;',
    replace: 'const MISSES_MAX = 1;',
    caughtBy: ['named'],
  },
  {
    name: 'done-waits-for-news',
    breaks: 'Those who wait are looked for only when a task ends on this member.',
    file: waiters,
    find: '    if (this.waiters.size > 0) this.schedule();\n',
    replace: '',
    caughtBy: ['named'],
  },
  {
    name: 'done-gives-up-with-the-store',
    breaks: 'A store that is away for a moment ends all waits.',
    file: waiters,
    find: 'if (passing.includes(code)) return;',
    replace: 'if (passing.length === 0) return;',
    caughtBy: ['named'],
  },
  {
    name: 'permanent-failure-retried',
    breaks: 'A task that can never be done is tried as often as any other.',
    file: dispatcher,
    find: ' || error.permanent === true;',
    replace: ';',
    caughtBy: ['named'],
  },
  {
    name: 'permanent-failure-forgotten',
    breaks: 'A queue that is blocked by a permanent failure tries it again after a failover.',
    file: reign,
    find: 'head.permanent = error.permanent === true;',
    replace: 'head.permanent = false;',
    caughtBy: ['walks'],
  },
  {
    name: 'postponed-counts-as-an-attempt',
    breaks: 'A task that asks for another time is given up after some times.',
    file: dispatcher,
    find: '      callbacks.postponed(task, delay);\n',
    replace: '      callbacks.postponed(task, delay);\n      task.failed += 1;\n',
    caughtBy: ['named'],
  },
  {
    name: 'postponed-without-floor',
    breaks: 'A task that asks for one millisecond each time keeps the thread busy.',
    file: dispatcher,
    find: 'const delay = Math.max(failure.delay, retry.minDelay);',
    replace: 'const { delay } = failure;',
    caughtBy: ['named'],
  },
  {
    name: 'checkpoint-of-a-deposed-master-resolves',
    breaks: 'The work of a deposed master hears that its checkpoint is stored, though the store refused it.',
    file: reign,
    find: 'if ((await this.store.setCheckpoint(task.seq, bytes)) !== true) throw checkpointLost();',
    replace: 'if ((await this.store.setCheckpoint(task.seq, bytes)) === null) throw checkpointLost();',
    caughtBy: ['walks'],
  },
  {
    name: 'checkpoint-without-a-lease-resolves',
    breaks: 'A checkpoint counts as stored though the lease had ended when the store answered.',
    file: 'src/execution/context.ts',
    find: 'if (this.leaseRemaining() === 0) throw checkpointLost();',
    replace: 'if (this.leaseRemaining() < 0) throw checkpointLost();',
    caughtBy: ['named'],
  },
  {
    name: 'checkpoint-of-a-deposed-master-lands',
    breaks: 'On MongoDB a checkpoint of a deposed master lands after the next one has begun the task.',
    file: mongodb,
    find: "const unrecorded = [{ by: null }, { 'by.term': { $lte: term } }];",
    replace: "const unrecorded = [{ by: null }, { 'by.term': { $gte: 0 } }];",
    caughtBy: ['contract'],
  },
  {
    name: 'fresh-outcome-deleted-with-the-old-one',
    breaks: 'In the embedded store the end of an old outcome takes the one that came in its place.',
    file: embedded,
    find: 'if (until === undefined || until < before) this.entries.remove(key);',
    replace: 'if (until === undefined || until < before || until >= before) this.entries.remove(key);',
    caughtBy: ['units'],
  },
  {
    name: 'result-of-an-earlier-run',
    breaks: 'What a task kept in a run that was cut off is taken for the result of a task of the next run.',
    file: 'src/execution/answerPort.ts',
    find: 'if (message.run === this.run) this.results',
    replace: 'if (message.run <= this.run) this.results',
    caughtBy: ['named'],
  },
];
