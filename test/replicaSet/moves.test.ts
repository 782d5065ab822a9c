/** The mongodb store when the members of a set get other names or places, also by an SRV record that changes. */
import { randomUUID } from 'node:crypto';
import dns from 'node:dns';
import { afterEach, beforeEach, expect, inject, test, vi } from 'vitest';
import type { Store } from '../../src/store/store.ts';
import { DnsServer } from '../servers/dnsServer.ts';
import { ReplicaSet, type SetView } from '../servers/replicaSet.ts';
import { ShardedCluster } from '../servers/sharded.ts';
import {
  atEnd,
  available,
  beatOf,
  beats,
  cleanUp,
  codeOf,
  eventually,
  lease,
  newDatabase,
  nothing,
  opened,
  play,
  storeAt,
  tenureOf,
  unavailable,
} from './play.ts';

const SERVICE = '_mongodb._tcp.set.example.test';
const impatient = { commandTimeout: 500, connectTimeout: 500 };
/** How long a store that reaches nothing may take to look up its servers again, and a test that waits for it, in ms. */
const FOUND = 60_000;
const LONG = 120_000;

beforeEach(() => {
  const lookup = dns.promises.lookup.bind(dns.promises);
  // The system knows no names of ours. What else is looked up is its own affair.
  const known = (name: string, ...more: unknown[]) =>
    name.endsWith('.example.test')
      ? Promise.resolve([{ address: '127.0.0.1', family: 4 }])
      : Reflect.apply(lookup, dns.promises, [name, ...more]);
  const spy = vi.spyOn(dns.promises, 'lookup').mockImplementation(known as typeof lookup);
  atEnd(async () => spy.mockRestore());
});
afterEach(cleanUp);

async function dnsServer(): Promise<DnsServer> {
  const server = await DnsServer.start();
  const before = dns.getServers();
  dns.setServers([server.address]);
  atEnd(async () => {
    dns.setServers(before);
    await server.close();
  });
  return server;
}

const namesOf = ({ ports }: { readonly ports: readonly number[] }): string[] =>
  ports.map((port, index) => `member${index}.example.test:${port}`);
const targetsOf = ({ ports }: { readonly ports: readonly number[] }) =>
  ports.map((port, index) => ({ name: `member${index}.example.test`, port }));

async function throughElections(set: ReplicaSet, store: Store, name: string): Promise<void> {
  for (let beat = 1; beat <= 3; beat += 1) {
    await beats(store, name, beat);
    set.stepDown();
    await set.elect();
  }
  await beats(store, name, 4);
}

test('members that are called otherwise are the same members', async () => {
  const { set, view, store, direct } = await play();
  const name = randomUUID();
  await direct.compareAndSetLease(name, null, lease);
  set.rename(view, namesOf(view));
  await throughElections(set, store, name);
});

test('members that move one after another are found where they are', async () => {
  const { set, view, store, direct } = await play();
  const name = randomUUID();
  await direct.compareAndSetLease(name, null, lease);
  const leave = await set.move(view);
  // By then its driver has heard of all of them.
  await eventually(() => Math.min(...view.connections)).toBeGreaterThan(0);
  await leave();
  await throughElections(set, store, name);
});

test(
  'a set that moves as a whole is found by its SRV record',
  async () => {
    const server = await dnsServer();
    const set = await ReplicaSet.before(inject('server').uri);
    atEnd(() => set.close());
    const view: SetView = await set.view(async (ports) => namesOf({ ports }));
    server.services.set(SERVICE, targetsOf(view));
    const options = 'tls=false&replicaSet=rs0';
    const store = storeAt(`mongodb+srv://set.example.test/${newDatabase()}?${options}`, impatient);
    await opened(store);
    const name = randomUUID();
    await eventually(() => store.compareAndSetLease(name, null, lease).then(() => 'there', codeOf)).toBe('there');
    const back = available(store);
    const ports = [...view.ports];
    // The old places are gone before anybody could hear of the new ones.
    await set.moveAtOnce(view, async (to) => namesOf({ ports: to }));
    expect(view.ports).not.toEqual(ports);
    await expect(store.beat(tenureOf(name), 1, nothing)).rejects.toMatchObject(unavailable);
    server.services.set(SERVICE, targetsOf(view));
    // A member in trouble goes on trying.
    await eventually(() => beatOf(store, name).catch(codeOf), FOUND).toBe(0);
    await back;
  },
  LONG,
);

test(
  'routers that are replaced are found by the SRV record',
  async () => {
    const server = await dnsServer();
    const [first, second] = [
      await ShardedCluster.before(inject('server').uri),
      await ShardedCluster.before(inject('server').uri),
    ];
    atEnd(() => second.close());
    server.services.set(SERVICE, targetsOf(first));
    const store = storeAt(`mongodb+srv://set.example.test/${newDatabase()}?tls=false`, impatient);
    await opened(store);
    const name = randomUUID();
    await eventually(() => store.compareAndSetLease(name, null, lease).then(() => 'there', codeOf)).toBe('there');
    await first.close();
    await expect(store.beat(tenureOf(name), 1, nothing)).rejects.toMatchObject(unavailable);
    server.services.set(SERVICE, targetsOf(second));
    await eventually(() => beatOf(store, name).catch(codeOf), FOUND).toBe(0);
  },
  LONG,
);
