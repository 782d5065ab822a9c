/** Next.js, by both of its bundlers: the package in the bundle is refused with the line for Next.js, as external it works. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { installed } from './install.ts';
import { intervals, nodeOf, projectBelow, run } from './program.ts';

const route = `import { failover } from 'mongo-failover';
export const dynamic = 'force-dynamic';
export async function GET() {
  try {
    const { managed: Managed, close } = failover({ nodb: { path: process.env.STORE }, intervals: ${intervals} });
    const cluster = new Managed('program', 'id', process.env.WORK);
    const said = new Promise((resolve) => {
      cluster.on('done', () => resolve('ok'));
      for (const event of ['error', 'panic']) cluster.on(event, (error) => resolve(event + ' ' + error.message));
    });
    await cluster.run();
    await cluster.submitWork({ id: '1' });
    const text = await said;
    await close();
    return new Response(text);
  } catch (error) {
    return new Response('throws ' + error.code + ' ' + error.message);
  }
}
`;

const next = join(installed, 'node_modules/next/dist/bin/next');

async function answer(bundler: string, config: string): Promise<string> {
  const files = {
    'package.json': '{"type":"module"}',
    'next.config.mjs': config,
    'app/layout.jsx': 'export default ({ children }) => <html><body>{children}</body></html>;',
    'app/page.jsx': 'export default () => <p>page</p>;',
    'app/run/route.js': route,
    'work.mjs': 'export default () => true;',
  };
  const folder = await projectBelow(files);
  const built = await run([next, 'build', bundler], folder);
  if (!built.includes('/run')) return built;
  return served(folder);
}

/** Starts the server on a free port, asks the route once, and ends it. */
async function served(folder: string): Promise<string> {
  const port = await freePort();
  const { PATH, HOME } = process.env;
  const env = {
    PATH,
    HOME,
    STORE: join(folder, 'store'),
    WORK: join(folder, 'work.mjs'),
    NEXT_TELEMETRY_DISABLED: '1',
  };
  const args = [next, 'start', '-H', '127.0.0.1', '-p', String(port)];
  const server = spawn(nodeOf('20'), args, { cwd: folder, env, stdio: 'ignore' });
  onTestFinished(async () => {
    server.kill('SIGKILL');
    if (server.exitCode === null && server.signalCode === null) await once(server, 'close');
  });
  while (server.exitCode === null) {
    const response = await fetch(`http://127.0.0.1:${port}/run`).catch(() => undefined);
    if (response !== undefined) return response.text();
    await pause(100);
  }
  return `the server ended with ${server.exitCode}`;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
}

test.each(['--turbopack', '--webpack'])('next build %s', async (bundler) => {
  const refused = await answer(bundler, 'export default {};');
  expect(refused).toMatch(/^throws ERR_BUNDLED mongo-failover was bundled into /);
  expect(refused).toContain("Next.js: serverExternalPackages: ['mongo-failover']");
  expect(await answer(bundler, "export default { serverExternalPackages: ['mongo-failover'] };")).toBe('ok');
});
