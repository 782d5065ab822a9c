/** Asks the person at the terminal before something that cannot be taken back. */
import { hostname, userInfo } from 'node:os';
import { createInterface } from 'node:readline/promises';
import { UsageError } from '../exit.js';
import { Interrupted } from '../interruptions.js';

/** @throws UsageError without a terminal; Interrupted if the answer is not yes */
export async function mustBeSure(question: string, isSure: boolean, signal: AbortSignal): Promise<void> {
  if (isSure) return;
  if (process.stdin.isTTY !== true || process.stderr.isTTY !== true) {
    throw new UsageError(`${question} There is no terminal to ask: give --yes if you are sure`);
  }
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await lines.question(`${question} [y/N] `, { signal });
    if (/^y(?:es)?$/i.test(answer.trim())) return;
  } finally {
    lines.close();
  }
  process.stderr.write('nothing was changed\n');
  throw new Interrupted();
}

/** Says who asks, as it is stored with a request. */
export function asker(): string {
  return `${userName()}@${hostname()}`;
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    // This user has no entry, as in many containers.
    return String(process.getuid?.() ?? 'unknown');
  }
}
