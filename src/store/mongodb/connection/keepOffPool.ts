/**
 * Keeps the MongoDB driver off libuv's thread pool, which all threads of a process share. Four reads of a hung mount
 * fill it for good, and then the driver (7.9) could neither connect nor authenticate. It has no options for these:
 *
 * - the handshake awaits `fs.promises.access('/.dockerenv')`;
 * - TLS and OIDC await `fs.promises.readFile` of small files;
 * - SCRAM and AWS await `crypto.subtle`, for each new connection.
 *
 * The functions here do the same synchronously. They replace the originals in the thread that calls `keepOffPool`, which
 * is the coordinator: no user code runs there. Names are looked up by `lookup.ts`, compression is off (`settings.ts`).
 */
import { createHash, createHmac, type KeyObject, KeyObject as Keys, pbkdf2Sync, type webcrypto } from 'node:crypto';
import fs from 'node:fs';

const hashes: Readonly<Record<string, string>> = {
  'SHA-1': 'sha1',
  'SHA-256': 'sha256',
  'SHA-384': 'sha384',
  'SHA-512': 'sha512',
};

/** What is replaced: `fs.promises` and `crypto.subtle` of the thread, or stand-ins in a test. */
interface PoolUsers {
  readonly files: Pick<typeof fs.promises, 'access' | 'readFile'>;
  readonly subtle: Pick<webcrypto.SubtleCrypto, 'digest' | 'sign' | 'deriveBits'>;
}

export function keepOffPool({ files, subtle }: PoolUsers = { files: fs.promises, subtle: crypto.subtle }): void {
  replaceFiles(files);
  replaceDigests(subtle);
}

function replaceFiles(files: PoolUsers['files']): void {
  replace(files, 'access', () => async (path: fs.PathLike, mode?: number) => fs.accessSync(path, mode));
  replace(files, 'readFile', (original) => async (...args: Parameters<typeof fs.promises.readFile>) => {
    const [path, options] = args;
    // An open handle, or a read that may be aborted, is nothing that the driver asks for.
    if (typeof path === 'object' && 'fd' in path) return original.call(files, ...args);
    return fs.readFileSync(path, typeof options === 'string' ? options : { encoding: options?.encoding ?? null });
  });
}

/** An algorithm that is not listed above goes to the original. */
function replaceDigests(subtle: PoolUsers['subtle']): void {
  replace(subtle, 'digest', (original) => async (algorithm: webcrypto.AlgorithmIdentifier, data: Bytes) => {
    const hash = hashOf(algorithm);
    if (hash === undefined) return original.call(subtle, algorithm, data);
    return standalone(createHash(hash).update(bytesOf(data)).digest());
  });
  replace(subtle, 'sign', (original) => async (...args: Parameters<webcrypto.SubtleCrypto['sign']>) => {
    const [, key, data] = args;
    const hash = key.algorithm.name === 'HMAC' && 'hash' in key.algorithm ? hashOf(key.algorithm.hash) : undefined;
    if (hash === undefined) return original.call(subtle, ...args);
    return standalone(createHmac(hash, secretOf(key)).update(bytesOf(data)).digest());
  });
  replace(subtle, 'deriveBits', (original) => async (...args: Parameters<webcrypto.SubtleCrypto['deriveBits']>) => {
    const [algorithm, key, length] = args;
    if (!isPbkdf2(algorithm) || length === null) return original.call(subtle, ...args);
    const hash = hashOf(algorithm.hash);
    if (hash === undefined || length % 8 !== 0) return original.call(subtle, ...args);
    const password = secretOf(key).export();
    return standalone(pbkdf2Sync(password, bytesOf(algorithm.salt), algorithm.iterations, length / 8, hash));
  });
}

type Bytes = webcrypto.BufferSource;

/** Puts what `make` returns in the place of a method. It can be replaced again, as the original could. */
function replace<T extends object, K extends keyof T>(owner: T, name: K, make: (original: T[K]) => unknown): void {
  const value = make(owner[name]);
  Object.defineProperty(owner, name, { value, configurable: true, enumerable: true, writable: true });
}

function hashOf(algorithm: unknown): string | undefined {
  const name: unknown =
    typeof algorithm === 'object' && algorithm !== null ? Reflect.get(algorithm, 'name') : algorithm;
  return typeof name === 'string' ? hashes[name.toUpperCase()] : undefined;
}

function isPbkdf2(algorithm: unknown): algorithm is webcrypto.Pbkdf2Params {
  return typeof algorithm === 'object' && algorithm !== null && Reflect.get(algorithm, 'name') === 'PBKDF2';
}

function secretOf(key: webcrypto.CryptoKey): KeyObject {
  return Keys.from(key);
}

function bytesOf(data: Bytes): Uint8Array {
  if (data instanceof ArrayBuffer) return new Uint8Array(data);
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

/** Copies the bytes: a small `Buffer` is a view of a larger block. */
function standalone(bytes: Buffer): ArrayBuffer {
  return new Uint8Array(bytes).buffer;
}
