/** `pause` and `resume`: whether tasks of a subsystem begin. */
import { askPause, askResume } from '../../operations/requests.js';
import { isKnown } from '../../operations/subsystems.js';
import { systemClock } from '../../time/systemClock.js';
import type { Register } from '../context.js';
import { CommandError, exits } from '../exit.js';
import { withCommonOptions } from '../settings/common.js';
import { parseDuration, showDuration } from '../settings/durations.js';
import { readReason, readText } from '../settings/values.js';
import { asker } from '../support/asking.js';
import { noSubsystem, type Session, session } from '../support/session.js';
import { clean } from '../text/words.js';

/** A month. */
const PAUSE_MAX_MS = 31 * 86_400_000;

type Flags = Readonly<Record<string, unknown>>;

export const pause: Register = (program, context) => {
  const command = program
    .command('pause')
    .description('let no new task of a subsystem begin; submissions are stored')
    .argument('<name>', 'the subsystem')
    .option('--reason <text>', 'why, for those who look')
    .option('--for <duration>', 'resume by itself after this time')
    .option('--standby', 'no member is master, either: the master releases, and none claims');
  withCommonOptions(command).action((name: string, flags: Flags) => {
    const text = readText(flags.for);
    const duration = text === undefined ? undefined : parseDuration(text, '--for', { min: 1000, max: PAUSE_MAX_MS });
    return session(flags, context, (opened) => run(name, flags, duration, opened));
  });
};

async function run(name: string, flags: Flags, duration: number | undefined, opened: Session): Promise<void> {
  await mustBeKnown(name, opened);
  const standby = flags.standby === true;
  const asked = { name, by: asker(), reason: readReason(flags), duration, standby };
  const result = await askPause(opened.reader, await opened.writer(), asked, systemClock);
  if (result.type === 'refused') throw refusal(name, result.why);
  opened.output.result({ name, pause: result.request }, () => {
    const until = duration === undefined ? 'until it is resumed' : `for ${showDuration(duration)}`;
    return `${clean(name)} is paused ${until}${standby ? ', without a master' : ''}`;
  });
}

export const resume: Register = (program, context) => {
  const command = program
    .command('resume')
    .description('end the pause of a subsystem')
    .argument('<name>', 'the subsystem');
  withCommonOptions(command).action((name: string, flags: Flags) =>
    session(flags, context, async (opened) => {
      await mustBeKnown(name, opened);
      const result = await askResume(opened.reader, await opened.writer(), name);
      if (result.type === 'refused') throw refusal(name, result.why);
      opened.output.result({ name, pause: null }, () => `${clean(name)} goes on`);
    }),
  );
};

/** A name that was mistyped must not leave a document behind. */
export async function mustBeKnown(name: string, { reader }: Session): Promise<void> {
  if (!(await isKnown(reader, name))) throw noSubsystem(name, reader.label);
}

export function refusal(name: string, why: string): CommandError {
  return new CommandError(exits.refused, `${JSON.stringify(name)}: ${why}`, 'ERR_REFUSED');
}
