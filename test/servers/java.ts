/**
 * mongo-java-server: MongoDB's protocol on an H2 database in memory, atomic, gone with the process. It needs Java 11
 * and Maven. What it lacks is in README.md.
 */
import { existsSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { installed, sources } from './files.js';
import { findProgram, launch, needPrograms, run } from './programs.js';
import type { TestServer } from './testServer.js';

const programs = ['java', 'mvn'];

export function canStartJava(): boolean {
  return programs.every((name) => findProgram(name) !== undefined);
}

/** With `changeStreams` it has those of a replica set. Without, it says of them what a standalone server says. */
export async function startJava({ changeStreams = false } = {}): Promise<TestServer> {
  needPrograms(
    programs,
    'mongo-java-server needs a JRE or JDK from 11 on and Maven (Debian: default-jdk-headless maven).',
  );
  const folder = await installed('mongo-java-server-1.47.0-changes', install);
  const jars = join(folder, 'lib', '*');
  // The compiled class starts in half the time. A JRE alone has no compiler to install with, but runs a single source.
  const classes = join(folder, 'classes');
  const main = existsSync(classes) ? 'Server' : join(folder, 'Server.java');
  const classPath = ['-cp', [classes, jars].join(delimiter)];
  const program = await launch('java', [...classPath, '-Xshare:auto', `-DchangeStreams=${changeStreams}`, main, '0']);
  return { kind: 'java', uri: `${program.ready.replace(/\/$/, '')}/`, atomic: true, stop: () => program.stop() };
}

async function install(folder: string): Promise<void> {
  await cp(sources('java'), folder, { recursive: true });
  await run('mvn', ['-q', '-B', 'dependency:copy-dependencies', '-DoutputDirectory=lib'], { cwd: folder });
  if (findProgram('javac') !== undefined) {
    await run('javac', ['-cp', join(folder, 'lib', '*'), '-d', join(folder, 'classes'), join(folder, 'Server.java')]);
  }
}
