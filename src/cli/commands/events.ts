/** `events`: follows what happens to subsystems, a line a change. */
import { StoreError } from '../../errors.js';
import { watch } from '../../operations/watch.js';
import { systemClock } from '../../time/systemClock.js';
import type { Register } from '../context.js';
import { withCommonOptions } from '../settings/common.js';
import { parseDuration } from '../settings/durations.js';
import { readText } from '../settings/values.js';
import { type Session, session } from '../support/session.js';
import { changeText } from '../text/changes.js';

const EVERY = '1s';

type Flags = Readonly<Record<string, unknown>>;

export const events: Register = (program, context) => {
  const command = program
    .command('events')
    .description('follow who becomes master, who joins and leaves, and what operators ask, a line a change')
    .argument('[names...]', 'the subsystems (default: all)')
    .option('--every <duration>', `how often to look (default: ${EVERY})`);
  withCommonOptions(command).action((names: string[], flags: Flags) => {
    const period = parseDuration(readText(flags.every) ?? EVERY, '--every', { min: 100 });
    return session(flags, context, (opened) => follow(names, period, opened));
  });
};

/** Writes each change as one line, until a signal ends it. */
export async function follow(names: readonly string[], period: number, opened: Session): Promise<void> {
  const { reader, output, signal } = opened;
  let isDown = false;
  for await (const seen of watch({ reader, clock: systemClock, period, names }, signal)) {
    if ('error' in seen) {
      if (!(seen.error instanceof StoreError)) throw seen.error;
      if (!isDown) output.talk(`mongo-failover: ${seen.error.message}; it is tried again`);
      isDown = true;
      continue;
    }
    if (isDown) output.talk('the store is there again');
    isDown = false;
    for (const change of seen.changes) {
      const at = new Date(systemClock.wall());
      output.item({ at, ...change }, () => `${at.toISOString()}  ${changeText(change)}`);
    }
  }
}
