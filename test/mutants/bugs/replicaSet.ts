/** Mistakes in the MongoDB store that show only on a replica set whose members fail, move, or are cut off. */
import type { PlantedBug } from '../plantedBug.ts';

const caughtBy = ['replicaSet'] as const;

export const replicaSetBugs: readonly PlantedBug[] = [
  {
    name: 'write-acknowledged-by-one',
    breaks: 'A primary that is cut off from the others acknowledges writes, which are rolled back later (rule 3).',
    file: 'src/store/mongodb/commands.ts',
    find: "const writeConcern = { w: 'majority', j: true, wtimeout: limit };",
    replace: 'const writeConcern = { w: 1, j: true, wtimeout: limit };',
    caughtBy: ['contract', ...caughtBy],
  },
  {
    name: 'look-not-linearizable',
    breaks: 'A primary that was replaced and does not know it tells where the queue ends.',
    file: 'src/store/mongodb/tasks/taskReads.ts',
    find: "const linearizable = { readConcern: { level: 'linearizable' } } as const;",
    replace: "const linearizable = { readConcern: { level: 'majority' } } as const;",
    caughtBy,
  },
  {
    name: 'silent-driver-kept',
    breaks: 'A store whose driver reaches no server any more never looks up the names of the servers again.',
    file: 'src/store/mongodb/connection/connection.ts',
    find: 'this.silentSince = now;\n    this.renew(opening);',
    replace: 'this.silentSince = now;',
    caughtBy,
  },
];
