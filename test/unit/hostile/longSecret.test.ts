/** A secret of any length is hidden: a long one was more than one pattern of the engine can hold, and ended its thread. */
import { expect, test } from 'vitest';
import { redact } from '../../../src/diagnostics/redact.ts';
import { resolveMongodb } from '../../../src/options/mongodb.ts';
import { settingsOf } from '../../../src/store/mongodb/settings.ts';

test.each([501, 10_000, 200_000])('with %d characters', (length) => {
  const secret = Array.from({ length }, (_, index) => String.fromCharCode(97 + ((index * index) % 23))).join('');
  expect(redact(`before ${secret} after`, [secret])).toBe('before <redacted> after');
  expect(redact(`before ${encodeURIComponent(secret)} after`, [secret])).toBe('before <redacted> after');
  const mongodb = resolveMongodb({ connectOptions: { auth: { username: 'user', password: secret } } });
  const settings = settingsOf({ kind: 'mongodb', ...mongodb }, { commandTimeout: 1000, connectTimeout: 2000 });
  expect(settings.label).toBe('mongodb://localhost:27017/test');
});
