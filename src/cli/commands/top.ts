/** `top`: subsystems as they are, drawn again and again in a terminal; elsewhere a line a change. */
import type { Register } from '../context.js';
import { withCommonOptions } from '../settings/common.js';
import { parseDuration } from '../settings/durations.js';
import { readText } from '../settings/values.js';
import { session } from '../support/session.js';
import { follow } from './events.js';

const EVERY = '2s';

type Flags = Readonly<Record<string, unknown>>;

export const top: Register = (program, context) => {
  const command = program
    .command('top')
    .description('watch subsystems live: q quits, p pauses, s sorts; without a terminal, a line a change')
    .argument('[names...]', 'the subsystems (default: all)')
    .option('--every <duration>', `how often to look (default: ${EVERY})`);
  withCommonOptions(command).action((names: string[], flags: Flags) => {
    const period = parseDuration(readText(flags.every) ?? EVERY, '--every', { min: 100 });
    return session(flags, context, async (opened) => {
      const isLive = opened.output.isTerminal && opened.settings.output === 'text';
      if (!isLive) return follow(names, period, opened);
      // What draws takes longer to load than all else here.
      const { live } = await import('../top/live.js');
      return live(names, period, opened);
    });
  });
};
