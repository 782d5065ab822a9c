/** Runs contender processes: real ones, because what they contend for is meant to hold between processes. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import type { StoreOptions } from '../../src/options/options.ts';

const script = new URL('./contender.mjs', import.meta.url);

export interface Contender {
  readonly child: ChildProcess;
  /** The store is open. */
  readonly ready: Promise<void>;
  /** What the job came to. Rejects when it failed, or when the process ended without a word. */
  readonly result: Promise<unknown>;
  /** How the process ended, and all that it wrote to stderr. */
  readonly ended: Promise<{ code: number | null; signal: string | null; stderr: string }>;
}

export function startContender(options: StoreOptions, job: { job: string; [field: string]: unknown }): Contender {
  const child = fork(script, [], { stdio: ['ignore', 'inherit', 'pipe', 'ipc'] });
  let stderr = '';
  child.stderr?.setEncoding('utf8').on('data', (text) => {
    stderr += text;
  });
  const ended = once(child, 'close').then(([code, signal]) => ({ code, signal, stderr }));
  const answer = <T>(pick: (message: { [field: string]: unknown }) => T | undefined): Promise<T> =>
    new Promise((resolve, reject) => {
      child.on('message', (message) => {
        if (typeof message !== 'object' || message === null) return;
        const fields: { [field: string]: unknown } = { ...message };
        if ('error' in fields) reject(new Error(JSON.stringify(fields.error)));
        const picked = pick(fields);
        if (picked !== undefined) resolve(picked);
      });
      ended.then((end) => reject(new Error(`the contender ended: ${JSON.stringify(end)}`)));
    });
  const ready = answer(({ ready }) => (ready ? true : undefined)).then(() => {});
  const result = answer(({ result }) => result);
  // Some tests look at only one of them.
  ready.catch(() => {});
  result.catch(() => {});
  child.send({ options, limits: { commandTimeout: 10_000 }, ...job });
  return { child, ready, result, ended };
}

/** Starts so many at once, lets them go together when all are ready, and waits until all have ended by themselves. */
export async function race(
  count: number,
  options: StoreOptions,
  job: { job: string; [field: string]: unknown },
): Promise<unknown[]> {
  const contenders = Array.from({ length: count }, () => startContender(options, { ...job, wait: true }));
  await Promise.all(contenders.map(({ ready }) => ready));
  for (const { child } of contenders) child.send('go');
  const results = await Promise.all(contenders.map(({ result }) => result));
  const ends = await Promise.all(contenders.map(({ ended }) => ended));
  const failed = ends.find(({ code }) => code !== 0);
  if (failed !== undefined) throw new Error(`a contender did not end well: ${JSON.stringify(failed)}`);
  return results;
}
