import { describe, expect, it } from 'vitest';
import { InvalidOptionError } from '../../../src/errors.ts';
import { resolveIntervals } from '../../../src/options/intervals.ts';
import { resolveOptions } from '../../../src/options/resolve.ts';

const linux = { platform: 'linux', homedir: '/home/ann', variables: {} } as const;
const environment = { ...linux, uid: 1000, tmpdir: '/tmp', cwd: '/srv/app' };
const inHome = { kind: 'embedded', path: '/home/ann/.local/state/mongo-failover', owner: 1000 };
const resolve = (given?: unknown) => resolveOptions(given, environment);

describe('resolveOptions', () => {
  it('has a default for everything', () => {
    const defaults = {
      store: {
        kind: 'mongodb',
        connectString: 'mongodb://localhost:27017/test',
        connectOptions: {},
        debug: false,
        wakeUps: 'auto',
      },
      intervals: resolveIntervals(),
      exitTimeout: 500,
      guard: false,
      observe: null,
      taskThreads: { most: Number.POSITIVE_INFINITY },
      priority: 50,
      rebalance: null,
      ignored: [],
    };
    expect(resolve()).toEqual(defaults);
    expect(resolve({ mongodb: undefined, nodb: false, intervals: {} })).toEqual(defaults);
  });

  it('keeps the embedded store of each user apart, and elsewhere where a path says so', () => {
    const earlierPath = '/tmp/mongo-failover-1000';
    expect(resolve({ nodb: true }).store).toEqual({ ...inHome, earlierPath });
    expect(resolve({ nodb: {} }).store).toEqual({ ...inHome, earlierPath });
    expect(resolve({ nodb: { path: 'data/db' } }).store).toEqual({ kind: 'embedded', path: '/srv/app/data/db' });
  });

  it.each([
    ['XDG_STATE_HOME', { variables: { XDG_STATE_HOME: '/state' } }, '/state/mongo-failover'],
    ['no absolute path', { variables: { XDG_STATE_HOME: 'state' } }, inHome.path],
    ['macOS', { platform: 'darwin' }, '/home/ann/Library/Application Support/mongo-failover'],
    ['Windows', { platform: 'win32', variables: { LOCALAPPDATA: '/local' } }, '/local/mongo-failover'],
    ['Windows without variables', { platform: 'win32' }, '/home/ann/AppData/Local/mongo-failover'],
  ] as const)('keeps it where the programs of a user keep their state: %s', (_title, other, path) => {
    expect(resolveOptions({ nodb: true }, { ...environment, ...other }).store).toMatchObject({ path });
  });

  it.each(['', '/', 'home'])('keeps it in the temporary folder for a user without a home (%s)', (homedir) => {
    const path = '/tmp/mongo-failover-1000';
    expect(resolveOptions({ nodb: true }, { ...environment, homedir }).store).toEqual({
      kind: 'embedded',
      path,
      owner: 1000,
    });
  });

  it.each(['tmp', '.', '', '../tmp'])('takes no folder that depends on the working directory (%j)', (tmpdir) => {
    expect(resolveOptions({ nodb: true }, { ...environment, tmpdir }).store).toEqual(inHome);
    const homeless = { ...environment, tmpdir, homedir: '' };
    expect(() => resolveOptions({ nodb: true }, homeless)).toThrow(/TMPDIR.*nodb\.path/);
    expect(resolveOptions({ nodb: { path: 'data' } }, homeless).store).toEqual({
      kind: 'embedded',
      path: '/srv/app/data',
    });
  });

  it('lets nodb win over mongodb, of which only the shape is checked then', () => {
    const mongodb = { connectString: '', connectOptions: { server: {} } };
    expect(resolve({ nodb: true, mongodb })).toMatchObject({ store: { kind: 'embedded' }, ignored: ['server'] });
    expect(() => resolve({ nodb: true, mongodb: { connectString: 5 } })).toThrow('mongodb.connectString');
  });

  it.each([
    ['mongodb://localhost', 'The options must be an object, not a string'],
    [null, 'The options must be an object, not null'],
    [() => ({}), 'The options must be an object, not a function'],
    [{ monogdb: {} }, 'monogdb is not a known option; did you mean mongodb?'],
    [{ interval: {} }, 'interval is not a known option; did you mean intervals?'],
    [{ nodb: { dir: '/x' } }, 'nodb.dir is not a known option'],
    [{ nodb: 'yes' }, 'nodb must be true, false or an object with a path, not "yes"'],
    [{ nodb: null }, 'nodb must be true, false or an object with a path, not null'],
    [{ nodb: { path: '' } }, 'nodb.path must be the path of a folder, not ""'],
    [{ intervals: [1] }, 'intervals must be an object, not an array'],
    [{ mongodb: null }, 'mongodb must be an object, not null'],
  ])('refuses %j', (given, message) => {
    expect(() => resolve(given)).toThrow(message);
    expect(() => resolve(given)).toThrow(InvalidOptionError);
  });

  it('says which options could not be read, and why', () => {
    const broken = { intervals: {} };
    const cause = new Error('no');
    Object.defineProperty(broken, 'mongodb', {
      enumerable: true,
      get: () => {
        throw cause;
      },
    });
    expect(() => resolve(broken)).toThrow(
      expect.objectContaining({ message: 'The options could not be read', code: 'ERR_INVALID_OPTION', cause }),
    );
  });
});
