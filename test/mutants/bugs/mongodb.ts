/** Mistakes in what the mongodb store makes of its server: indexes, rights, errors. */
import type { PlantedBug } from '../plantedBug.ts';

const caughtBy = ['units'] as const;

export const mongodbBugs: readonly PlantedBug[] = [
  {
    name: 'dropped-index-not-noticed',
    breaks:
      'A batch of tasks does not wait for the look at the unique index, so an id may be stored twice after a drop.',
    file: 'src/store/mongodb/tasks/taskAdder.ts',
    find: 'await Promise.all([unique, this.turns.wait(name)]);',
    replace: 'await this.turns.wait(name);',
    caughtBy,
  },
  {
    name: 'duplicate-tasks-are-read',
    breaks: 'A master that finds ids stored twice reads on, and runs both tasks.',
    file: 'src/store/mongodb/indexes/indexKeeper.ts',
    find: "if (!(error instanceof StoreError && error.code === 'ERR_STORE_DUPLICATES')) return;",
    replace: "if (!(error instanceof StoreError && error.code === 'ERR_STORE_INDEX')) return;",
    caughtBy,
  },
  {
    name: 'index-judged-by-its-fields',
    breaks: 'An index on the fields of the unique one counts as that, though it is not unique.',
    file: 'src/store/mongodb/indexes/indexes.ts',
    find: 'return isUnique && hasKeyOf(index, other)',
    replace: 'return (isUnique || hasKeyOf(index, other)) && hasKeyOf(index, other)',
    caughtBy,
  },
  {
    name: 'indexes-made-without-a-look',
    breaks: 'Indexes are made although they are there, so a user who may not make any stores no task.',
    file: 'src/store/mongodb/indexes/indexKeeper.ts',
    find: 'this.maker.list(what, uniqueTasks.collection),',
    replace: "[] as Awaited<ReturnType<IndexMaker['list']>>,",
    caughtBy,
  },
  {
    name: 'index-being-created-taken-for-made',
    breaks: 'A unique index that the server is still creating counts, and one id is stored twice.',
    file: 'src/store/mongodb/indexes/indexKeeper.ts',
    find: 'if (listed !== null && !isUsable && isBeingBuilt(listed)) return this.waitForBuild(what);',
    replace: 'if (listed !== null && !isUsable && isBeingBuilt([])) return this.waitForBuild(what);',
    caughtBy,
  },
  {
    name: 'passing-error-lowers-a-read',
    breaks:
      'A linearizable read that a passing error refused is made with less, and may be the word of an old primary.',
    file: 'src/store/mongodb/tasks/taskReads.ts',
    find: "const isRefusal = error instanceof StoreError && error.code === 'ERR_STORE';",
    replace: "const isRefusal = error instanceof StoreError && error.code !== 'ERR_STORE_DATA';",
    caughtBy,
  },
  {
    name: 'refusal-remembered-as-alone',
    breaks: 'A refused linearizable read is remembered, whatever the server says of itself in `hello`.',
    file: 'src/store/mongodb/connection/topology.ts',
    find: 'this.saidAlone = !isRouter && !isMember;',
    replace: 'this.saidAlone = !isRouter || !isMember;',
    caughtBy,
  },
  {
    name: 'unknown-error-lasts',
    breaks: 'An error of a code that is not known counts as refused, as if the write could not have happened.',
    file: 'src/store/mongodb/serverErrors.ts',
    find: 'return !lasting.has(code) &&',
    replace: "return !lasting.has(code) && typeof code === 'number' && code < 50_000 &&",
    caughtBy,
  },
];
