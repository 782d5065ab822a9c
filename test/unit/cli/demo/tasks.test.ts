import { mkdir, mkdtemp, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FILE_BYTES_MAX, listTasks, readFacts } from '../../../../src/cli/demo/files/tasks.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mongo-failover-test-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const pathsIn = async (): Promise<string[]> => (await listTasks(folder)).tasks.map(({ path }) => path);

test('lists files of every folder below, whatever they are called, with their sizes', async () => {
  await mkdir(join(folder, 'in ner', 'töpf'), { recursive: true });
  await writeFile(join(folder, 'empty'), '');
  await writeFile(join(folder, '.hidden'), 'x');
  await writeFile(join(folder, 'in ner', 'töpf', '日本 1.txt'), 'four');
  const { tasks, skipped } = await listTasks(folder);
  const sizes = Object.fromEntries(tasks.map(({ path, size }) => [path, size]));
  expect(sizes).toEqual({ empty: 0, '.hidden': 1, 'in ner/töpf/日本 1.txt': 4 });
  expect(skipped).toBe(0);
});

test('the order is the same each time, and not that of the names', async () => {
  const names = Array.from({ length: 30 }, (_, index) => `file${String(index).padStart(2, '0')}`);
  await Promise.all(names.map((name) => writeFile(join(folder, name), name)));
  const first = await pathsIn();
  expect(await pathsIn()).toEqual(first);
  expect(first.toSorted()).toEqual(names);
  expect(first).not.toEqual(names);
});

test('links are not followed, to files or to folders, and not counted', async () => {
  await writeFile(join(folder, 'file'), 'x');
  await symlink(join(folder, 'file'), join(folder, 'link'));
  await symlink(folder, join(folder, 'loop'));
  await symlink(join(folder, 'nowhere'), join(folder, 'broken'));
  expect(await listTasks(folder)).toMatchObject({ tasks: [{ path: 'file' }], skipped: 0 });
});

test('what is too large, and a path too long for an id, is skipped and counted', async () => {
  await writeFile(join(folder, 'largest'), '');
  await truncate(join(folder, 'largest'), FILE_BYTES_MAX);
  await writeFile(join(folder, 'larger'), '');
  await truncate(join(folder, 'larger'), FILE_BYTES_MAX + 1);
  const deep = Array.from({ length: 5 }, () => 'd'.repeat(220)).join('/');
  await mkdir(join(folder, deep), { recursive: true });
  await writeFile(join(folder, deep, 'file'), '');
  expect(await listTasks(folder)).toMatchObject({ tasks: [{ path: 'largest' }], skipped: 2 });
});

test('a folder that is not there is an error; an aborted walk ends', async () => {
  await expect(listTasks(join(folder, 'nowhere'))).rejects.toMatchObject({ code: 'ENOENT' });
  await expect(listTasks(folder, AbortSignal.abort(new Error('enough')))).rejects.toThrow('enough');
});

test('facts are those of the file as it is now, or the code of the error', async () => {
  await writeFile(join(folder, 'file'), 'abc');
  expect(await readFacts(folder, 'file')).toMatchObject({
    sha256: 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    size: 3,
  });
  expect(await readFacts(folder, 'nowhere')).toEqual({ error: 'ENOENT' });
});
