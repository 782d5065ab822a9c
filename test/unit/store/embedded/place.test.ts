import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { prepareFolder } from '../../../../src/store/embedded/folder.ts';
import { placeNow, strangerAt } from '../../../../src/store/embedded/place.ts';

const folder = mkdtempSync(join(tmpdir(), 'mongo-failover-place-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('a store in the earlier place is used until it is gone, or there is one in the new place', () => {
  const place = { path: join(folder, 'new'), earlierPath: join(folder, 'earlier') };
  const make = (path: string): void => {
    mkdirSync(path);
    writeFileSync(join(path, 'data.mdb'), '');
  };
  expect(placeNow(place)).toBe(place.path);
  make(place.earlierPath);
  expect(placeNow(place)).toBe(place.earlierPath);
  rmSync(place.earlierPath, { recursive: true });
  expect(placeNow(place)).toBe(place.path);
  make(place.path);
  make(place.earlierPath);
  expect(placeNow(place)).toBe(place.path);
  expect(placeNow({ path: place.path })).toBe(place.path);
});

describe('a folder that is to be of one user alone', () => {
  const { uid } = userInfo();
  let path: string;
  beforeEach(() => {
    path = mkdtempSync(join(folder, 'default-'));
  });

  test('is made so', () => {
    prepareFolder(join(path, 'a', 'b'), uid);
    expect(strangerAt(join(path, 'a', 'b'), uid)).toBeUndefined();
  });

  test('may be a link of its owner', () => {
    symlinkSync(path, join(path, 'link'));
    expect(strangerAt(join(path, 'link'), uid)).toBeUndefined();
  });

  test.each([0o777, 0o1777, 0o770, 0o720, 0o702])('is refused if others can write there (%o)', (mode) => {
    chmodSync(path, mode);
    expect(() => prepareFolder(path, uid)).toThrow(
      expect.objectContaining({ code: 'ERR_STORE', message: expect.stringMatching(/other users can write there/) }),
    );
    // One that was given is the user's own decision.
    prepareFolder(path);
  });

  test('is refused if another user owns it, and is no earlier place either', () => {
    expect(() => prepareFolder(path, uid + 1)).toThrow(/belongs to the user with the number \d+/);
    writeFileSync(join(path, 'data.mdb'), '');
    const place = { path: join(folder, 'none'), earlierPath: path };
    expect(placeNow({ ...place, owner: uid })).toBe(path);
    expect(placeNow({ ...place, owner: uid + 1 })).toBe(place.path);
    chmodSync(path, 0o777);
    expect(placeNow({ ...place, owner: uid })).toBe(place.path);
  });
});
