/** The server of the probes, while others hold connections. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { ObserverServer } from '../../../src/observe/server.ts';
import { realTime } from '../../../src/time/realTime.ts';

/** What Node.js does by itself comes after 30 s: a shorter limit is what tells the difference. */
const LIMIT_MS = 25_000;

test('connections that say nothing leave room for probes soon', { timeout: LIMIT_MS }, async () => {
  let listening: (port: number) => void = () => {};
  const port = new Promise<number>((resolve) => {
    listening = resolve;
  });
  const server = new ObserverServer({
    options: { port: 0, host: '127.0.0.1', token: null, page: null },
    timers: realTime,
    page: null,
    health: () => ({ live: true, ready: true, store: true, reasons: [], coordinator: 'none', clusters: [] }),
    metrics: async () => [],
    ...{ listening, failed: () => {} },
  });
  server.listen();
  onTestFinished(() => server.close());
  const silent = Array.from({ length: 200 }, async () => {
    const socket = connect({ port: await port, host: '127.0.0.1' });
    socket.on('error', () => {});
    // What the server says to it, such as 408, must be read, or its end is not seen.
    socket.resume();
    await once(socket, 'connect');
    return socket;
  });
  const sockets = await Promise.all(silent);
  await Promise.all(sockets.map((socket) => (socket.destroyed ? null : once(socket, 'close'))));
  expect((await fetch(`http://127.0.0.1:${await port}/livez`)).status).toBe(200);
});
