/** Runs the command line as it ships. Its processes end with each test. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll } from 'vitest';
import { Program } from '../support/program.ts';

export const commandLine = join(import.meta.dirname, '../../dist/src/cli/main.js');

let folder: string;
const commands: Program[] = [];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mongo-failover-test-'));
});
afterEach(() => Promise.all(commands.splice(0).map((program) => program.end())));
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Returns a path in a folder that goes with the file of tests. */
export function scratch(name: string): string {
  return join(folder, name);
}

const { MONGODB_URI: _uri, FORCE_COLOR: _color, ...inherited } = process.env;
/** Without what the machine of the tests may have set. */
export const environment: NodeJS.ProcessEnv = { ...inherited, NO_COLOR: '1' };

export function start(...args: string[]): Program {
  const program = new Program([commandLine, ...args], environment);
  commands.push(program);
  return program;
}

export async function run(...args: string[]) {
  const program = start(...args);
  const { code } = await program.ended;
  return { code, out: program.stdout, said: program.lines.join('\n') };
}
