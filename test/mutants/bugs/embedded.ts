/** Mistakes in what the embedded store does about its files: they go away, are replaced, or are open elsewhere. */
import type { PlantedBug } from '../plantedBug.ts';

const folder = 'src/store/embedded';

export const embeddedBugs: readonly PlantedBug[] = [
  {
    name: 'no-look-at-the-files-after-the-commit',
    breaks: 'What was written into files that were taken away in the meantime is answered as done.',
    file: `${folder}/server.ts`,
    find: '    why ??= this.difference();\n',
    replace: '',
    caughtBy: ['units'],
  },
  {
    name: 'no-look-at-the-files-before-the-transaction',
    breaks: 'LMDB reads a file that was cut short under it, which ends the process.',
    file: `${folder}/server.ts`,
    find: 'let why = this.difference();',
    replace: 'let why: string | undefined;',
    caughtBy: ['units'],
  },
  {
    name: 'lock-file-of-the-others-ignored',
    breaks: 'A store is opened with a new lock file while another process has it open with the old one.',
    file: `${folder}/owners.ts`,
    find: 'files.data !== (data?.key ?? null) || files.lock !== (lock?.key ?? null)',
    replace: 'files.data !== (data?.key ?? null) || (lock !== undefined && files.lock !== lock.key)',
    caughtBy: ['units'],
  },
  {
    name: 'half-a-store-opened-at-once',
    breaks: 'One of the two files is missing, and the store is opened before all who had both open have noticed.',
    file: `${folder}/openedStore.ts`,
    find: 'if (isHalf(before) && !half) {',
    replace: 'if (isHalf(before) && !half && conflict !== undefined) {',
    caughtBy: ['units'],
  },
  {
    name: 'epoch-survives-a-copy',
    breaks: 'A copy of the store vouches for what happened after it was made (rule 11).',
    file: `${folder}/leases.ts`,
    find: '!(isFields(mark) && mark.data !== this.facts.dataFile)',
    replace: '!(isFields(mark) && mark.epoch === undefined)',
    caughtBy: ['contract'],
  },
  {
    name: 'lease-holds-in-a-copy',
    breaks:
      'A master goes on in a copy of its store, and acknowledges the tasks of others under the numbers that it knows.',
    file: `${folder}/leases.ts`,
    find: ' && old.data === dataFile;',
    replace: " && dataFile !== '';",
    caughtBy: ['contract'],
  },
  {
    name: 'lost-file-not-kept-open',
    breaks:
      'A copy that is restored after the file was removed may get its number, and pass for it while a lease is valid.',
    file: `${folder}/pinnedFiles.ts`,
    find: 'until: now + KEPT }',
    replace: 'until: now + KEPT / 1e9 }',
    caughtBy: ['units'],
  },
  {
    name: 'trims-what-is-not-done-here',
    breaks: 'The master of a store that was removed trims tasks of the one that lies there now.',
    file: `${folder}/tasks.ts`,
    find: 'const last = Math.min(through, done, ',
    replace: 'const last = Math.min(through, done < 0 ? done : through, ',
    caughtBy: ['contract'],
  },
  {
    name: 'one-failing-call-fails-its-group',
    breaks: 'A call that fails after it wrote something fails all calls that share its transaction.',
    file: `${folder}/server.ts`,
    find: 'else outcomes = group.map((request) => this.alone(store, request));',
    replace:
      'else outcomes = group.map((request) => (group.length > 0 ? { ok: false, error } : this.alone(store, request)));',
    caughtBy: ['units'],
  },
  {
    name: 'half-a-call-is-committed',
    breaks: 'What a call had written before it failed is committed with the others.',
    file: `${folder}/server.ts`,
    find: 'if (entries.writes > before) throw error;',
    replace: 'if (entries.writes < before) throw error;',
    caughtBy: ['units'],
  },
  {
    name: 'calls-taken-and-not-answered',
    breaks:
      'A call that runs alone, because another one has failed, takes calls that wait with it, and leaves them without an answer.',
    file: `${folder}/server.ts`,
    find: 'this.together(store, [request], false);',
    replace: 'this.together(store, [request], true);',
    caughtBy: ['units'],
  },
  {
    name: 'no-sticky-bit',
    breaks: 'Cleaners of temporary folders are not kept away.',
    file: `${folder}/folder.ts`,
    find: 'chmodSync(join(path, file), (mode & 0o777) | STICKY);',
    replace: 'chmodSync(join(path, file), mode & 0o777 & ~STICKY);',
    caughtBy: ['contract'],
  },
  {
    name: 'second-copy-of-lmdb-loaded',
    breaks: 'Two copies of the package in one process load two copies of LMDB, which do not see each other.',
    file: `${folder}/owners.ts`,
    find: "return readFileSync(file, 'utf8') || own;",
    replace: "return own || readFileSync(file, 'utf8');",
    caughtBy: ['units'],
  },
  {
    name: 'gate-does-not-wait',
    breaks: 'A process that exits ends the thread of the store within a call of LMDB, which ends it by a signal.',
    file: `${folder}/gate.ts`,
    find: "return Atomics.wait(this.words, INSIDE, 1, patience) !== 'timed-out';",
    replace: "return Atomics.wait(this.words, INSIDE, 1, patience / 1e9) !== 'timed-out';",
    caughtBy: ['units'],
  },
  {
    name: 'map-larger-than-the-address-space',
    breaks: 'LMDB is asked to map more than the process may address, which ends it.',
    file: `${folder}/mapSize.ts`,
    find: 'const size = Math.min(wished, ',
    replace: 'const size = Math.max(wished, ',
    caughtBy: ['units'],
  },
  {
    name: 'told-of-no-loss',
    breaks: 'A loss of the files that is noticed between two calls is told to no caller.',
    file: `${folder}/server.ts`,
    find: 'if (difference !== undefined) this.lost = this.letGo(difference);',
    replace: 'if (difference !== undefined) this.letGo(difference);',
    caughtBy: ['units'],
  },
];
