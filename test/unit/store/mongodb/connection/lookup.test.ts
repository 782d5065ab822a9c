/** Names are found when the system's look-up waits in a pool that never answers. */
import { describe, expect, test } from 'vitest';
import { addressesInHosts, fullNames } from '../../../../../src/store/mongodb/connection/hostsFile.ts';
import { lookupFunction, NameLookup } from '../../../../../src/store/mongodb/connection/lookup.ts';
import { VirtualClock } from '../../../../support/virtualClock.ts';

type Answer = { readonly address: string; readonly family: number }[];

/** `null`: it never answers. `zone` is what the DNS servers know; a name that is not there is unknown. */
class World {
  readonly clock = new VirtualClock();
  system: Answer | Error | null = null;
  systemTakes = 0;
  dnsTakes = 10;
  zone: Record<string, string[]> = {};
  hosts = '';
  resolver = '';
  systemAsked = 0;
  readonly dnsAsked: string[] = [];
  readonly names = new NameLookup({
    system: async () => {
      this.systemAsked += 1;
      const answer = this.system;
      if (answer === null) return new Promise<Answer>(() => {});
      await this.pause(this.systemTakes);
      if (answer instanceof Error) throw answer;
      return answer;
    },
    resolve: async (name, family) => {
      this.dnsAsked.push(`${name} ${family}`);
      await this.pause(this.dnsTakes);
      const found = (this.zone[name] ?? []).filter((address) => address.includes(':') === (family === 6));
      if (found.length > 0) return found;
      throw Object.assign(new Error(`unknown ${name}`), { code: 'ENOTFOUND' });
    },
    readText: (path) => (path === 'hosts' ? this.hosts : this.resolver),
    files: { hosts: 'hosts', resolver: 'resolver' },
    pause: (ms) => this.pause(ms),
  });

  private pause(ms: number): Promise<undefined> {
    return new Promise((resolve) => this.clock.at(this.clock.now() + ms, () => resolve(undefined)));
  }

  /** What comes within `ms`: the addresses, the code of an error, or nothing. */
  async find(name: string, family = 0, ms = 1000): Promise<string[] | string | undefined> {
    let found: string[] | string | undefined;
    this.names.addresses(name, family).then(
      (answer) => {
        found = answer.map(({ address }) => address);
      },
      (error) => {
        found = error.code;
      },
    );
    await this.clock.advance(ms);
    return found;
  }
}

const four = (address: string): Answer => [{ address, family: 4 }];

describe('while the system answers', () => {
  test('its answer is taken, and DNS servers are not asked', async () => {
    const world = new World();
    world.system = four('10.0.0.1');
    world.systemTakes = 99;
    expect(await world.find('db')).toEqual(['10.0.0.1']);
    world.system = Object.assign(new Error('no'), { code: 'EAI_AGAIN' });
    expect(await world.find('db')).toBe('EAI_AGAIN');
    expect(world.dnsAsked).toEqual([]);
  });

  test('an address is its own answer', async () => {
    const world = new World();
    expect(await world.find('::1', 0, 0)).toEqual(['::1']);
    expect(world.systemAsked).toBe(0);
  });
});

describe('while the system does not answer', () => {
  test('the hosts file comes first', async () => {
    const world = new World();
    world.hosts = '10.0.0.2 other db';
    world.zone = { db: ['10.0.0.3'] };
    expect(await world.find('DB')).toEqual(['10.0.0.2']);
    expect(world.dnsAsked).toEqual([]);
  });

  test('localhost needs no file', async () => {
    expect(await new World().find('localhost')).toEqual(['127.0.0.1', '::1']);
    expect(await new World().find('localhost', 6)).toEqual(['::1']);
  });

  test('DNS servers are asked, with the suffixes of the system, for the families that are wanted', async () => {
    const world = new World();
    world.resolver = 'nameserver 10.0.0.10\nsearch ns.svc.cluster.local svc.cluster.local\noptions ndots:5';
    world.zone = { 'mongo.db.svc.cluster.local': ['10.0.0.4', 'fd00::4'] };
    expect(await world.find('mongo.db')).toEqual(['10.0.0.4', 'fd00::4']);
    expect(world.dnsAsked.slice(0, 2)).toEqual(['mongo.db.ns.svc.cluster.local 4', 'mongo.db.ns.svc.cluster.local 6']);
    expect(await world.find('mongo.db', 4)).toEqual(['10.0.0.4']);
    expect(await world.find('mongo.db', 6)).toEqual(['fd00::4']);
  });

  test('the last answer of the system is used for a name that DNS does not know, or not in time', async () => {
    const world = new World();
    world.system = four('10.0.0.5');
    await world.find('printer');
    world.system = null;
    expect(await world.find('printer')).toEqual(['10.0.0.5']);
    world.dnsTakes = 60_000;
    expect(await world.find('printer')).toEqual(['10.0.0.5']);
  });

  test('a fresh answer of DNS goes before an old one of the system', async () => {
    const world = new World();
    world.system = four('10.0.0.5');
    await world.find('db.example');
    world.system = null;
    world.zone = { 'db.example': ['10.0.0.6'] };
    expect(await world.find('db.example')).toEqual(['10.0.0.6']);
  });

  test('the system has one question at a time for each name, and is not waited for twice', async () => {
    const world = new World();
    world.zone = { 'db.example': ['10.0.0.6'] };
    await world.find('db.example');
    for (let more = 0; more < 20; more++)
      expect(await world.find('db.example', 0, world.dnsTakes)).toEqual(['10.0.0.6']);
    expect(world.systemAsked).toBe(1);
  });

  test('a name that DNS does not know is left to the system, which may find it elsewhere', async () => {
    const world = new World();
    expect(await world.find('nowhere.example', 0, 60_000)).toBeUndefined();
    const slow = new World();
    slow.system = four('10.0.0.7');
    slow.systemTakes = 500;
    expect(await slow.find('nowhere.example')).toEqual(['10.0.0.7']);
    slow.system = Object.assign(new Error('no'), { code: 'EAI_AGAIN' });
    expect(await slow.find('unknown.example')).toBe('ENOTFOUND');
  });

  test('it is asked again once it has answered late', async () => {
    const world = new World();
    world.system = four('10.0.0.7');
    world.systemTakes = 5000;
    world.zone = { 'db.example': ['10.0.0.6'] };
    expect(await world.find('db.example')).toEqual(['10.0.0.6']);
    await world.clock.advance(5000);
    world.systemTakes = 1;
    expect(await world.find('db.example')).toEqual(['10.0.0.7']);
    expect(world.systemAsked).toBe(2);
  });
});

test.each([
  ['127.0.0.1 localhost\n10.1.1.1\tdb db.local # the old one\n#10.1.1.2 db\n10.1.1.3 Db\nfe80::1%lo0 db\n', 'db', 3],
  ['10.1.1.1 other', 'db', 0],
  [undefined, 'db', 0],
  ['\r\n10.1.1.1 db\r\n\r\n', 'db', 1],
])('hosts file %j', (text, name, count) => {
  expect(addressesInHosts(name, text)).toHaveLength(count);
});

test.each([
  ['db', undefined, ['db']],
  ['db', 'search a.example b.example.\n', ['db.a.example', 'db.b.example', 'db']],
  ['db.x', 'search a.example', ['db.x', 'db.x.a.example']],
  ['db.x', 'domain a.example\noptions timeout:1 ndots:2', ['db.x.a.example', 'db.x']],
  ['db.', 'search a.example', ['db.']],
  ['db', '; search no\nsearch .\n', ['db']],
])('the full names of %s by %j', (name, text, names) => {
  expect(fullNames(name, text)).toEqual(names);
});

describe('as net.connect calls it', () => {
  const world = new World();
  world.system = [...four('10.0.0.1'), { address: '::9', family: 6 }];
  const lookup = lookupFunction(world.names);
  const call = async (name: string, options: { all?: boolean; family?: number | 'IPv4' | 'IPv6' }) => {
    const answered: unknown[][] = [];
    lookup(name, options, (...args) => answered.push(args));
    await world.clock.advance(1000);
    return answered;
  };

  test('one address, or all', async () => {
    expect(await call('db', {})).toEqual([[null, '10.0.0.1', 4]]);
    expect(await call('db', { all: true, family: 'IPv4' })).toEqual([[null, world.system]]);
  });

  test('an error', async () => {
    world.system = Object.assign(new Error('no'), { code: 'ENOTFOUND' });
    expect(await call('db', { all: true })).toEqual([[world.system, []]]);
  });
});
