/** Mistakes by which the store on MongoDB needs libuv's thread pool again. */
import type { PlantedBug } from '../plantedBug.ts';

const lookup = 'src/store/mongodb/connection/lookup.ts';
const keepOffPool = 'src/store/mongodb/connection/keepOffPool.ts';
const caughtBy = ['units'] as const;

export const poolBugs: readonly PlantedBug[] = [
  {
    name: 'system-look-up-without-limit',
    breaks: 'A name is looked up in the pool alone, however long that takes.',
    file: lookup,
    find: 'Promise.race([answer, this.parts.pause(SYSTEM_MAX_MS)]);',
    replace: 'Promise.race([answer, this.parts.pause(SYSTEM_MAX_MS * 1e6)]);',
    caughtBy,
  },
  {
    name: 'look-ups-pile-up',
    breaks: 'Each reconnect puts one more look-up of the same name into a pool that does not answer.',
    file: lookup,
    find: 'if (underWay !== undefined) return underWay;',
    replace: 'if (underWay?.late === false) return underWay;',
    caughtBy,
  },
  {
    name: 'old-address-for-ever',
    breaks: 'While the pool is busy, a name that has moved keeps its old address, although DNS knows the new one.',
    file: lookup,
    find: 'return Promise.race([answer, pause(DNS_MAX_MS).then(() => known)]);',
    replace: 'return Promise.race([answer, pause(DNS_MAX_MS * 0).then(() => known)]);',
    caughtBy,
  },
  {
    name: 'handshake-in-the-pool',
    breaks: 'The first handshake waits in the pool, where the driver looks whether it runs in Docker.',
    file: keepOffPool,
    find: "replace(files, 'access', () => async (path: fs.PathLike, mode?: number) => fs.accessSync(path, mode));",
    replace: "replace(files, 'access', (original) => (path: fs.PathLike, mode?: number) => original(path, mode));",
    caughtBy,
  },
  {
    name: 'passwords-in-the-pool',
    breaks: 'Authenticating derives the key in the pool.',
    file: keepOffPool,
    find: 'if (!isPbkdf2(algorithm) || length === null)',
    replace: 'if (!isPbkdf2(algorithm) || length === null || length > 0)',
    caughtBy,
  },
  {
    name: 'commands-compressed',
    breaks: 'Each command is compressed in the pool, because the connect string says so.',
    file: 'src/store/mongodb/settings.ts',
    find: 'connectString: withoutCompressors(connectString),',
    replace: "connectString: withoutCompressors('') || connectString,",
    caughtBy,
  },
];
