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
    find: '{ ...range, uniqueUntil: null }',
    replace: 'range',
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
    find: '> this.clock.wall() && !requeued.has(id);',
    replace: '> this.clock.wall();',
    caughtBy: ['units'],
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
