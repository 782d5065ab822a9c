import { fstatSync, openSync } from 'node:fs';
import { expect, onTestFinished, test } from 'vitest';
import { PinnedFiles } from '../../../../src/store/embedded/pinnedFiles.ts';

const opened = () => openSync(import.meta.filename, 'r');
const isOpen = (descriptor: number): boolean => {
  try {
    return fstatSync(descriptor).isFile();
  } catch {
    return false;
  }
};
const MINUTE = 60_000;

test('a file stays open for longer than a lease is valid, and no longer than it must', () => {
  const pinned = new PinnedFiles();
  onTestFinished(() => pinned.closeAll());
  const [first, second] = [opened(), opened()];
  pinned.keep(first, 0);
  pinned.keep(second, MINUTE);
  pinned.closeOld(9 * MINUTE);
  expect([first, second].map(isOpen)).toEqual([true, true]);
  pinned.closeOld(10 * MINUTE);
  expect([first, second].map(isOpen)).toEqual([false, true]);
  pinned.closeOld(11 * MINUTE);
  expect(isOpen(second)).toBe(false);
});

test('of very many the oldest is closed, and all of them at the end', () => {
  const pinned = new PinnedFiles();
  const all = Array.from({ length: 33 }, opened);
  for (const descriptor of all) pinned.keep(descriptor, 0);
  expect(all.map(isOpen)).toEqual([false, ...all.slice(1).map(() => true)]);
  pinned.closeAll();
  expect(all.some(isOpen)).toBe(false);
});
