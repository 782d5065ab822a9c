/** A program of a stranger: a folder with its own files and the packages that it has installed, and what it says. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { symlinkSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import { calm } from '../support/clusters.ts';
import { settle } from '../support/settled.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';
import { installed } from './install.ts';

export const nodes = ['20', '22', '24'] as const;
export type NodeVersion = (typeof nodes)[number];

/** No busy disk makes a beat of a program fail: any `error` that it tells is its own. */
export const intervals = JSON.stringify(calm);

/** The program ends with one line: `SAID ok` when its task is done, else the event or call that told of an error. */
export const body = (work: string): string => `
const say = (text) => { console.log('SAID ' + text); process.exit(); };
const tell = (how, error) => say(how + ' ' + error.code + ' ' + error.message);
try {
  const { managed: Managed } = failover({ nodb: { path: process.env.STORE }, intervals: ${intervals} });
  const cluster = new Managed('program', 'id', ${work});
  cluster.on('done', () => say('ok'));
  cluster.on('failed', (_, error) => tell('failed', error));
  cluster.on('error', (error) => tell('error', error));
  cluster.on('panic', (error) => tell('panic', error));
  cluster.run().then(() => cluster.submitWork({ id: '1' }), (error) => tell('run', error));
} catch (error) {
  tell('throws', error);
}
`;

/** Makes a folder with these files and a settled store, whose node_modules has these packages and no others. */
export async function project(files: Readonly<Record<string, string>>, packages: readonly string[]): Promise<string> {
  const folder = await temporaryFolder();
  await write(files, folder);
  for (const name of packages) {
    const link = join(folder, 'node_modules', name);
    await mkdir(dirname(link), { recursive: true });
    symlinkSync(join(installed, 'node_modules', name), link);
  }
  return folder;
}

/** Makes a folder with these files and a settled store below the one where all packages are installed: for tools that follow no link. */
export async function projectBelow(files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await mkdtemp(join(installed, 'project-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true, maxRetries: 3 }));
  await write(files, folder);
  return folder;
}

async function write(files: Readonly<Record<string, string>>, folder: string): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), text);
  }
  await settle({ kind: 'embedded', path: storeIn(folder) });
}

function storeIn(folder: string): string {
  return join(folder, 'store');
}

export function nodeOf(version: NodeVersion): string {
  return join(installed, 'node_modules', `node-${version}-${process.arch}`, 'bin', 'node');
}

/** Runs a program to its end. Returns what it said, or all its output if that is not there. */
export async function run(args: readonly string[], cwd: string, node = nodeOf('20')): Promise<string> {
  const { PATH, HOME } = process.env;
  const env = { PATH, HOME, STORE: storeIn(cwd), WORK: join(cwd, 'work.mjs'), NEXT_TELEMETRY_DISABLED: '1' };
  const child = spawn(node, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  await once(child, 'close');
  return /^.*SAID (.*)$/m.exec(output)?.[1] ?? output;
}
