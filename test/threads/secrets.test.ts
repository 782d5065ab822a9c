/**
 * A password is never in a message, an event, a warning or the debug output, whatever goes wrong, and wherever it was
 * given: in the connect string, in `auth`, as that of a key file or a proxy, as a session token.
 */
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { Program } from '../support/program.ts';
import { settledUri } from '../support/settled.ts';
import { linesWithPassword, password } from '../support/spellings.ts';
import { TcpProxy } from '../support/tcpProxy.ts';

const program = fileURLToPath(new URL('./fixtures/tellsEverything.mjs', import.meta.url));

test.each(['no server listens', 'no server answers', 'the server refuses'])('%s', async (how) => {
  const proxy = await TcpProxy.before(await settledUri());
  onTestFinished(() => proxy.close().catch(() => {}));
  if (how === 'no server answers') proxy.mode = 'swallow';
  const { port } = proxy;
  if (how === 'no server listens') await proxy.close();
  const connectString = `mongodb://user:${encodeURIComponent(password)}@127.0.0.1:${port}/db?authSource=admin&serverSelectionTimeoutMS=500`;
  const started = new Program([program, connectString, password], { ...process.env, DEBUG: '*' });
  onTestFinished(() => started.end());
  expect(await started.ended).toEqual({ code: 0, signal: null });
  const said = started.stdout + started.lines.join('\n');
  expect(said).toContain('ERR_STORE');
  expect(said).toContain('failover:states');
  expect(linesWithPassword(said)).toEqual([]);
});
