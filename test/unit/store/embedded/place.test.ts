import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { placeNow } from '../../../../src/store/embedded/place.ts';

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
