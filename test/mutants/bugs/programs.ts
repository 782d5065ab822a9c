/** Mistakes about the programs that the package is part of: bundled ones, and those in TypeScript. */
import type { PlantedBug } from '../plantedBug.ts';

const ownFiles = 'src/surroundings/ownFiles.ts';
const caughtBy = ['named'] as const;

export const programBugs: readonly PlantedBug[] = [
  {
    name: 'bundle-with-the-url-of-the-source',
    breaks: 'A bundle of webpack or Turbopack, which keeps the URL of the source, passes for the package.',
    file: ownFiles,
    find: 'return running === undefined || pathOf(running) === path ? undefined : pathOf(running);',
    replace: 'return undefined;',
    caughtBy,
  },
  {
    name: 'entries-not-looked-for',
    breaks: 'A deployment that left the entries of three threads and of the guard out passes for complete.',
    file: ownFiles,
    find: "['coordinator', 'store', 'task', 'guard', 'observer']",
    replace: "['coordinator']",
    caughtBy,
  },
  {
    name: 'source-of-the-module-not-found',
    breaks: 'A module that is named as it will be compiled does not exist, although its TypeScript does.',
    file: 'src/options/work.ts',
    find: '...sources(url)]',
    replace: '...sources(url).slice(2)]',
    caughtBy,
  },
  {
    name: 'require-hooks-passed-over',
    breaks: 'TypeScript goes to `import()` although a hook of `require` would load it.',
    file: 'src/execution/loadWork.ts',
    find: '|| hooked(extension)',
    replace: "|| hooked('')",
    caughtBy,
  },
  {
    name: 'module-run-by-every-compiler',
    breaks: 'A module whose own code throws is run once more by each compiler.',
    file: 'src/execution/compilers.ts',
    find: "if (!needsCompiler(error) && toWire(error).code !== 'ERR_REQUIRE_ESM') throw error;",
    replace: 'if (error === failure) throw error;',
    caughtBy,
  },
];
