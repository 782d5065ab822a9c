/** `status`: one subsystem, for people, or with `--check` for monitoring. */

import { StoreError } from '../../errors.js';
import { findMaster, type Health, judge } from '../../operations/health.js';
import { readSubsystem } from '../../operations/subsystems.js';
import { shownAhead } from '../../store/serverAhead.js';
import { systemClock } from '../../time/systemClock.js';
import type { CommandContext, Register } from '../context.js';
import { CommandError } from '../exit.js';
import { withCommonOptions } from '../settings/common.js';
import { parseDuration } from '../settings/durations.js';
import { readCount, readText } from '../settings/values.js';
import { noSubsystem, type Session, session } from '../support/session.js';
import { statusText } from '../text/subsystem.js';
import { clean } from '../text/words.js';

/** As Nagios has them: not those of other commands. */
const checks = { healthy: 0, warning: 1, critical: 2, unknown: 3 } as const;
const DEFAULT_AGE = '5m';

type Flags = Readonly<Record<string, unknown>>;

export const status: Register = (program, context) => {
  const command = program
    .command('status')
    .description('show one subsystem: its lease, queue, members and last masterships')
    .argument('<name>', 'the subsystem')
    .option('--check', 'for monitoring: one line, and exit code 0 healthy, 1 warning, 2 critical, 3 unknown')
    .option('--max-age <duration>', `with --check, warn if a task has waited for longer (default: ${DEFAULT_AGE})`)
    .option('--max-dead <count>', 'with --check, warn if there are more dead letters (default: 0)');
  withCommonOptions(command).action((name: string, flags: Flags) =>
    flags.check === true ? check(name, flags, context) : session(flags, context, (opened) => show(name, opened)),
  );
};

async function show(name: string, { reader, output, settings }: Session): Promise<void> {
  const [seen, clockAhead] = await Promise.all([readSubsystem(reader, name, systemClock), shownAhead(reader)]);
  if (seen === null) throw noSubsystem(name, reader.label);
  const view = { ...seen, clockAhead };
  const shown = { colors: output.colors, time: settings.time, now: systemClock.wall() };
  output.result(view, () => statusText(view, shown));
}

async function check(name: string, flags: Flags, context: CommandContext): Promise<void> {
  const limits = {
    maxAge: parseDuration(readText(flags.maxAge) ?? DEFAULT_AGE, '--max-age'),
    maxDead: readCount(flags.maxDead, '--max-dead', { fallback: 0 }),
  };
  const tell = ({ output }: Pick<Session, 'output'>, health: Health | { level: 'unknown'; problems: string[] }) => {
    const { level, problems } = health;
    const text = problems.map((problem) => `: ${clean(problem)}`).join('');
    output.result({ name, level, problems }, () => `${level.toUpperCase()} ${clean(name)}${text}`);
    process.exitCode = checks[level];
  };
  try {
    await session(flags, context, async (opened) => {
      const view = await readSubsystem(opened.reader, name, systemClock);
      if (view === null) return tell(opened, { level: 'unknown', problems: ['is not known to the store'] });
      tell(opened, judge(view, await findMaster(opened.reader, view, systemClock), limits));
    });
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    throw new CommandError(checks.unknown, `UNKNOWN ${name}: ${error.message}`, error.code);
  }
}
