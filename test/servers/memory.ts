/**
 * A real mongod, by mongodb-memory-server: the one on PATH, else one in that package's cache, else downloaded. The
 * download is not even tried when its site cannot be reached, and a failure is remembered for an hour, so on a
 * machine without network not every suite waits for it.
 */
import { mkdir, rm, stat, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { DryMongoBinary, MongoBinary, MongoMemoryServer } from 'mongodb-memory-server';
import { cacheFolder } from './files.js';
import { findProgram } from './programs.js';
import type { TestServer } from './testServer.js';

const SITE = 'https://fastdl.mongodb.org';
/** How long the site may take to answer, in ms. */
const SITE_LIMIT = 8_000;
/** How long a failed download is remembered, in ms. */
const MEMORY = 3_600_000;

export async function startMemoryServer(): Promise<TestServer> {
  // Any version will do, without a warning.
  process.env.MONGOMS_SYSTEM_BINARY_VERSION_CHECK ??= 'false';
  const systemBinary = findProgram('mongod') ?? (await cachedBinary()) ?? (await download());
  const server = await MongoMemoryServer.create({ binary: { systemBinary } });
  return { kind: 'memory', uri: server.getUri(), atomic: true, stop: async () => void (await server.stop()) };
}

async function cachedBinary(): Promise<string | undefined> {
  const options = await DryMongoBinary.generateOptions();
  return DryMongoBinary.locateBinary({ ...options, version: options.version });
}

async function download(): Promise<string> {
  const note = join(cacheFolder(), 'mongod-download-failed');
  const failed = await stat(note).catch(() => undefined);
  if (failed !== undefined && Date.now() - failed.mtimeMs < MEMORY) {
    throw new Error(`No mongod, and its download failed less than an hour ago; remove ${note} to try again.`);
  }
  try {
    await reachSite();
    const path = await MongoBinary.getPath();
    await rm(note, { force: true });
    return path;
  } catch (error) {
    await mkdir(cacheFolder(), { recursive: true });
    await writeFile(note, `${error}\n`);
    throw error;
  }
}

/** Rejects unless the download site takes a connection. Behind a proxy only the download itself can tell. */
async function reachSite(): Promise<void> {
  if (process.env.HTTPS_PROXY ?? process.env.https_proxy) return;
  const { hostname, port } = new URL(process.env.MONGOMS_DOWNLOAD_MIRROR ?? SITE);
  await new Promise<void>((resolve, reject) => {
    const socket = connect(Number(port) || 443, hostname, resolve);
    const late = new Error(`${hostname}, where mongod is downloaded, did not answer within ${SITE_LIMIT} ms.`);
    // Not the socket's own time-out, which does not count the look-up of the name.
    const timer = setTimeout(() => socket.destroy(late), SITE_LIMIT);
    socket.once('error', reject).once('close', () => clearTimeout(timer));
    socket.once('connect', () => socket.destroy());
  });
}
