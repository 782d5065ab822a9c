/** What the driver is given in the place of calls that wait in the pool computes the same, without the originals. */

import type { webcrypto } from 'node:crypto';
import { type promises, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { keepOffPool } from '../../../../../src/store/mongodb/connection/keepOffPool.ts';
import { temporaryFolder } from '../../../../support/temporaryFolder.ts';

const original = crypto.subtle;

/** Stand-ins whose originals only say that they were asked. */
function replaced() {
  const asked: string[] = [];
  const note = (name: string) => async (): Promise<never> => {
    asked.push(name);
    throw new Error('the pool was asked');
  };
  const files = { access: note('access'), readFile: note('readFile') };
  const subtle = { digest: note('digest'), sign: note('sign'), deriveBits: note('deriveBits') };
  keepOffPool({ files: files as unknown as typeof promises, subtle: subtle as unknown as webcrypto.SubtleCrypto });
  return { asked, files: files as unknown as typeof promises, subtle: subtle as unknown as webcrypto.SubtleCrypto };
}

const bytes = (found: ArrayBuffer) => Buffer.from(found).toString('hex');
const text = new TextEncoder().encode('pencil');
const hmac = (hash: string) =>
  original.importKey('raw', text, { name: 'HMAC', hash: { name: hash } }, false, ['sign', 'verify']);

test.each(['SHA-1', 'SHA-256', 'SHA-512'])('digests and signatures by %s', async (hash) => {
  const { subtle, asked } = replaced();
  expect(bytes(await subtle.digest(hash, text))).toBe(bytes(await original.digest(hash, text)));
  const key = await hmac(hash);
  expect(bytes(await subtle.sign('HMAC', key, text))).toBe(bytes(await original.sign('HMAC', key, text)));
  const view = new DataView(text.buffer, 2, 3);
  expect(bytes(await subtle.digest({ name: hash }, view))).toBe(bytes(await original.digest(hash, view)));
  expect(asked).toEqual([]);
});

test.each([
  ['SHA-1', 160],
  ['SHA-256', 256],
])('the salted password of SCRAM by %s', async (hash, length) => {
  const { subtle, asked } = replaced();
  const key = await original.importKey('raw', text, { name: 'PBKDF2' }, false, ['deriveBits']);
  const params = { name: 'PBKDF2', salt: new Uint8Array(16).fill(7), iterations: 4096, hash: { name: hash } };
  const derived = await subtle.deriveBits(params, key, length);
  expect(bytes(derived)).toBe(bytes(await original.deriveBits(params, key, length)));
  expect(asked).toEqual([]);
});

test('what it does not know goes to the original', async () => {
  const { subtle, asked } = replaced();
  await expect(subtle.digest('SHA3-256', text)).rejects.toThrow('the pool was asked');
  const key = await hmac('SHA-1');
  await expect(subtle.deriveBits({ name: 'HKDF' }, key, 8)).rejects.toThrow('the pool was asked');
  expect(asked).toEqual(['digest', 'deriveBits']);
});

test('files are read, and missing ones refused, as before', async () => {
  const { files, asked } = replaced();
  const file = join(await temporaryFolder(), 'ca.pem');
  await expect(files.access(file)).rejects.toMatchObject({ code: 'ENOENT' });
  await expect(files.readFile(file)).rejects.toMatchObject({ code: 'ENOENT' });
  writeFileSync(file, 'certificate');
  await files.access(file);
  expect(await files.readFile(file)).toEqual(Buffer.from('certificate'));
  expect(await files.readFile(file, 'utf8')).toBe('certificate');
  expect(await files.readFile(file, { encoding: 'utf8' })).toBe('certificate');
  expect(asked).toEqual([]);
});
