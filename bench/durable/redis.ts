/** A redis-server for one comparison: on a free port of this machine, in memory, gone afterwards. */
import { connect } from 'node:net';
import { findProgram, launch, type Program, withFreePorts } from '../../test/servers/programs.js';
import { atEnd } from '../support/cleanup.js';

/** Nothing on disk: no snapshots, no log of its writes. In favour of who uses it. */
const inMemory = ['--save', '', '--appendonly', 'no'];

/** Rejects when the machine has none, with what would help. */
export async function withRedis<T>(use: (port: number) => Promise<T>): Promise<T> {
  if (findProgram('redis-server') === undefined) {
    throw new Error('redis-server is not on PATH (Debian: apt-get install redis-server)');
  }
  const { program, port } = await withFreePorts(1, async (port = 0) => ({ program: await start(port), port }));
  const kept = atEnd(() => void program.stop('SIGKILL'));
  try {
    return await use(port);
  } finally {
    await program.stop('SIGTERM');
    kept();
  }
}

function start(port: number): Promise<Program> {
  const options = ['--bind', '127.0.0.1', '--port', String(port), ...inMemory];
  return launch('redis-server', options, { isReady: () => answers(port) });
}

/** Whether it answers a PING, and so is no other program that took the port. */
function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('PING\r\n'));
    socket.once('data', (data) => {
      resolve(data.toString().startsWith('+PONG'));
      socket.destroy();
    });
    socket.once('error', () => resolve(false));
  });
}
