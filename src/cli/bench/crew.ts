/** The members of the bench, each a process of its own, and waiting for what they tell. */
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { FailoverOptions } from '../../index.js';
import { CommandError, exits } from '../exit.js';
import type { FromBencher, ToBencher } from './messages.js';

const entry = fileURLToPath(new URL('./member.js', import.meta.url));
/** What takes longer has failed, in ms. */
const PATIENCE_MS = 120_000;

export class Bencher {
  /** As it said last. */
  state = 'starting';
  private readonly child: ChildProcess;
  private readonly listeners = new Set<(message: FromBencher) => void>();

  constructor(name: string, options: FailoverOptions) {
    this.child = fork(entry, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    this.child.on('message', (message: FromBencher) => {
      if (message.type === 'state') this.state = message.state;
      for (const listener of this.listeners) listener(message);
    });
    this.child.on('exit', () => {
      this.state = 'gone';
    });
    this.send({ type: 'start', name, options });
  }

  get isMaster(): boolean {
    return this.state === 'master';
  }

  send(message: ToBencher): void {
    if (this.child.connected) this.child.send(message);
  }

  on(listener: (message: FromBencher) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  kill(): void {
    this.state = 'gone';
    this.child.kill('SIGKILL');
  }
}

/** Resolves when each of the members looks at the lease, or has it. */
export async function joined(members: readonly Bencher[]): Promise<void> {
  const isIn = (state: string): boolean => state === 'slave' || state === 'master' || state === 'ticking';
  const waiting = members.filter(({ state }) => !isIn(state));
  await Promise.all(
    waiting.map((member) =>
      heard([member], 'a member to join', (message) =>
        message.type === 'state' && isIn(message.state) ? true : undefined,
      ),
    ),
  );
}

/** Resolves with the first message of any of the members that `pick` makes something of. */
export function heard<T>(
  members: readonly Bencher[],
  what: string,
  pick: (message: FromBencher, member: Bencher) => T | undefined,
): Promise<T> {
  return new Promise((resolve, reject) => {
    let lastError = '';
    const offs = members.map((member) =>
      member.on((message) => {
        if (message.type === 'error') lastError = `; a member says: ${message.message}`;
        if (message.type === 'failed') {
          end();
          reject(
            new CommandError(
              exits.failed,
              `a member of the bench failed at ${message.message}${lastError}`,
              'ERR_BENCH',
            ),
          );
        }
        const picked = pick(message, member);
        if (picked === undefined) return;
        end();
        resolve(picked);
      }),
    );
    const late = setTimeout(() => {
      end();
      const text = `the bench has waited ${PATIENCE_MS / 1000} s for ${what}${lastError}`;
      reject(new CommandError(exits.late, text, 'ERR_TIMEOUT'));
    }, PATIENCE_MS);
    const end = (): void => {
      clearTimeout(late);
      for (const off of offs) off();
    };
  });
}
