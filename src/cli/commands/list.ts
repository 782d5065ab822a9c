/** `list`: all subsystems of the store. */
import { listSubsystems } from '../../operations/subsystems.js';
import { systemClock } from '../../time/systemClock.js';
import type { Register } from '../context.js';
import { exits } from '../exit.js';
import { withCommonOptions } from '../settings/common.js';
import { session } from '../support/session.js';
import { listText } from '../text/subsystem.js';

export const list: Register = (program, context) => {
  const command = program.command('list').description('list all subsystems of the store');
  withCommonOptions(command).action((flags: Record<string, unknown>) =>
    session(flags, context, async ({ reader, output, settings }) => {
      const views = await listSubsystems(reader, systemClock);
      const shown = { colors: output.colors, time: settings.time, now: systemClock.wall() };
      if (views.length > 0 || settings.output !== 'text') output.list(views, () => listText(views, shown));
      if (views.length > 0) return;
      output.talk(`there is no subsystem in ${reader.label}`);
      process.exitCode = exits.none;
    }),
  );
};
