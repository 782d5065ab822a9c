/** What LMDB takes for the last commit, when another process that opened the store has set it back. */
import { mkdirSync, mkdtempSync, rmSync, statSync, utimesSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { descriptorsOf } from '../../../../src/store/embedded/descriptors.ts';
import { type Environment, openEnvironment } from '../../../../src/store/embedded/environment.ts';
import { filesIn } from '../../../../src/store/embedded/files.ts';
import { LastCommit } from '../../../../src/store/embedded/lastCommit.ts';
import { beginMaking, endMaking, isMade } from '../../../../src/store/embedded/making.ts';

const key = Buffer.from('key');
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mongo-failover-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('an environment', () => {
  let environment: Environment;
  beforeEach(() => {
    environment = openEnvironment(folder, 1 << 30);
  });
  afterEach(() => environment.close());

  function put(value: number): void {
    environment.transact((entries) => entries.put(key, value, 1));
  }

  function read(): unknown {
    return environment.transact((entries) => entries.get(key)?.value);
  }

  function last(): number {
    const commits = new LastCommit(folder);
    const number = commits.read();
    commits.close();
    return number;
  }

  /** As a process does that has read the number before the last commits, and writes it after them. */
  function setBack(by: number): void {
    const number = new BigUint64Array([BigInt(last() - by)]);
    const lock = filesIn(folder).lock;
    for (const descriptor of descriptorsOf(lock?.key ?? '')) writeSync(descriptor, number, 0, 8, 8);
  }

  test.each([1, 2, 3, 7])('that is set back by %i commits reads the last one, and goes on after it', (by) => {
    for (let value = 1; value <= 10; value++) put(value);
    const before = last();
    setBack(by);
    expect(read()).toBe(10);
    setBack(by);
    put(11);
    expect(last()).toBe(before + 1);
    expect(read()).toBe(11);
  });

  test('undoes nothing, however often it is set back', () => {
    for (let value = 1; value <= 200; value++) {
      environment.transact((entries) => {
        expect(entries.get(key)?.value ?? 0).toBe(value - 1);
        entries.put(Buffer.from(`${value}`), 'x'.repeat(500), 1);
        entries.put(key, value, 1);
      });
      setBack(1 + (value % 4));
    }
    const count = environment.transact((entries) => entries.count({ start: Buffer.from('0'), end: Buffer.from(':') }));
    expect(count).toBe(200);
  });

  test('that cannot tell LMDB does not write at all', () => {
    put(1);
    put(2);
    setBack(1);
    const before = last();
    rmSync(join(folder, 'lock.mdb'));
    expect(() => put(3)).toThrow('LMDB took commit');
    expect(last()).toBe(before);
  });
});

describe('a new store', () => {
  const owner = (name: string) => {
    mkdirSync(join(folder, 'owners'), { recursive: true });
    writeFileSync(join(folder, 'owners', name), '{}');
    return join(folder, 'owners', name);
  };

  test('is made by one at a time', () => {
    const [one, two] = [owner('one'), owner('two')];
    expect(isMade(folder)).toBe(false);
    expect(beginMaking(folder, one, 0)).toBe(true);
    expect(beginMaking(folder, two, 0)).toBe(false);
    endMaking(folder);
    expect(beginMaking(folder, two, 0)).toBe(true);
  });

  test('is made when it has its first commit', () => {
    openEnvironment(folder, 1 << 30).close();
    expect(isMade(folder)).toBe(true);
  });

  test('is made by another one, at its next attempt, when the first one has died', () => {
    const [one, two] = [owner('one'), owner('two')];
    beginMaking(folder, one, 0);
    rmSync(one);
    expect(beginMaking(folder, two, 0)).toBe(false);
    expect(beginMaking(folder, two, 0)).toBe(true);
  });

  test('is made by another one when the first one died before it wrote its name', () => {
    const two = owner('two');
    const file = join(folder, 'making');
    writeFileSync(file, '');
    const now = statSync(file).mtimeMs;
    expect([beginMaking(folder, two, now), beginMaking(folder, two, now)]).toEqual([false, false]);
    utimesSync(file, new Date(now - 60_000), new Date(now - 60_000));
    expect([beginMaking(folder, two, now), beginMaking(folder, two, now)]).toEqual([false, true]);
  });
});
