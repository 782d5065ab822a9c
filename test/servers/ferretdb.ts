/**
 * FerretDB 1.24 on SQLite, the adversary: an `updateOne` reads, then writes, so two clients may both win a
 * compare-and-set. It needs Go to build once, about a minute. What else it lacks is in README.md.
 */
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { installed, sources } from './files.js';
import { launch, needPrograms, run } from './programs.js';
import type { TestServer } from './testServer.js';

export async function startFerretDb(): Promise<TestServer> {
  const folder = await installed('ferretdb-1.24.2', install);
  const data = await mkdtemp(join(tmpdir(), 'ferretdb-'));
  const remove = () => rm(data, { recursive: true, force: true });
  try {
    const program = await launch(join(folder, 'ferretdb'), [data]);
    const stop = () => program.stop().finally(remove);
    return { kind: 'ferretdb', uri: program.ready, atomic: false, stop };
  } catch (error) {
    await remove();
    throw error;
  }
}

async function install(folder: string): Promise<void> {
  needPrograms(['go'], 'FerretDB 1.24 is built with Go from 1.24 on (https://go.dev).');
  await cp(sources('ferretdb'), folder, { recursive: true });
  await run('go', ['build', '-o', 'ferretdb', '.'], { cwd: folder });
}
