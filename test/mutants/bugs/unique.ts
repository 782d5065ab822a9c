/** Mistakes with ids that stay taken after their task is done. */
import type { PlantedBug } from '../plantedBug.ts';

export const uniqueBugs: readonly PlantedBug[] = [
  {
    name: 'taken-id-retired-early',
    breaks: 'On MongoDB an id is free as soon as its task is done, though it was to stay taken.',
    file: 'src/store/mongodb/tasks/taskAdder.ts',
    find: 'if (isQueued || isTaken) queued.set(',
    replace: 'if (isQueued) queued.set(',
    caughtBy: ['units'],
  },
  {
    name: 'taken-id-trimmed',
    breaks: 'On MongoDB a task is trimmed with the id that was to stay taken.',
    file: 'src/store/mongodb/tasks/taskTrimmer.ts',
    find: 'seq: { $gt: trim.trimmed, $lte: to }, kept: null };',
    replace: 'seq: { $gt: trim.trimmed, $lte: to } };',
    caughtBy: ['units'],
  },
  {
    name: 'taken-ids-stay-for-ever',
    breaks: 'On MongoDB what is left of a task stays when the time of its id is over.',
    file: 'src/store/mongodb/tasks/keptIds.ts',
    find: 'until <= this.clock.wall()',
    replace: 'until < 0 * this.clock.wall()',
    caughtBy: ['units'],
  },
  {
    name: 'letter-held-back-by-its-own-id',
    breaks: 'On MongoDB a dead letter cannot be put back as long as its own id is taken.',
    file: 'src/store/mongodb/tasks/taskAdder.ts',
    find: '> this.clock.wall() && !requeued.has(id) &&',
    replace: '> this.clock.wall() && !requeued.has(-1) &&',
    caughtBy: ['units'],
  },
  {
    name: 'sweeps-without-rest',
    breaks: 'On MongoDB all documents of ids that stay taken are read each minute, however many there are.',
    file: 'src/store/mongodb/tasks/keptIds.ts',
    find: 'Math.max(SWEEP_PAUSE_MS, SWEEP_REST_TIMES * kept.took)',
    replace: 'Math.max(SWEEP_PAUSE_MS, kept.took / SWEEP_REST_TIMES)',
    caughtBy: ['units'],
  },
  {
    name: 'late-task-keeps-its-id',
    breaks: 'On MongoDB a task that came too late keeps its id taken, and one that was never run is said to be known.',
    file: 'src/store/mongodb/tasks/taskAdder.ts',
    find: '!requeued.has(id) && !late.has(seq);',
    replace: '!requeued.has(id) && !late.has(-seq);',
    caughtBy: ['units', 'contract'],
  },
  {
    name: 'kept-id-taken-for-late',
    breaks:
      'On MongoDB an id that the trimmer has just marked is taken for one of a task that came too late, and is free.',
    file: 'src/store/mongodb/tasks/taskAdder.ts',
    find: 'seqs.map((seq) => taskKey(name, seq)) }, kept: null };',
    replace: 'seqs.map((seq) => taskKey(name, seq)) } };',
    caughtBy: ['units'],
  },
  {
    name: 'late-task-marked-as-kept',
    breaks: 'On MongoDB the trimmer marks what came too late, and its id stays taken for good reason as it seems.',
    file: 'src/store/mongodb/tasks/taskTrimmer.ts',
    find: '{ $gt: Math.max(trim.recorded, trim.trimmed ?? 0), $lte: through }',
    replace: '{ $gt: trim.trimmed ?? 0, $lte: through }',
    caughtBy: ['units'],
  },
  {
    name: 'id-rule-lost-on-its-way',
    breaks: 'A durable cluster does not pass on how long an id is to stay taken.',
    file: 'src/coordinator/duties/durableDuty.ts',
    find: 'return idRule === undefined ? { id,',
    replace: 'return idRule !== null ? { id,',
    caughtBy: ['simulation'],
  },
  {
    name: 'queued-id-freed-with-its-time',
    breaks:
      'In the embedded store the id of a queued task is free when the time of the id is over, so two tasks of it wait.',
    file: 'src/store/embedded/takenIds.ts',
    find: 'const isOver = seq <= done && seq !== burial?.seq;',
    replace: 'const isOver = done >= 0 && seq !== burial?.seq;',
    caughtBy: ['contract'],
  },
];
