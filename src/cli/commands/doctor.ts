/** `doctor`: what is wrong with a store, why it matters, and what to do. */
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { diagnose } from '../../operations/doctor/diagnose.js';
import type { Finding } from '../../operations/doctor/findings.js';
import { systemClock } from '../../time/systemClock.js';
import type { Register } from '../context.js';
import { exits } from '../exit.js';
import type { Colors } from '../output.js';
import { withCommonOptions } from '../settings/common.js';
import { session } from '../support/session.js';
import { clean } from '../text/words.js';

type Flags = Readonly<Record<string, unknown>>;

export const doctor: Register = (program, context) => {
  const command = program
    .command('doctor')
    .description('look for what is wrong with the store, its rights and its subsystems; exit code 1 with errors')
    .option('--write', 'measure writes, too: a line among the members, 20 times, which is removed again');
  withCommonOptions(command).action((flags: Flags) =>
    session(flags, context, async ({ reader, writer, output }) => {
      const who = { id: `doctor:${randomUUID()}`, host: hostname(), pid: process.pid };
      const diagnosis = await diagnose(reader, flags.write === true ? await writer() : null, systemClock, who);
      const { findings } = diagnosis;
      output.result(diagnosis, () => findings.map((finding) => findingText(finding, output.colors)).join('\n'));
      const errors = findings.filter(({ level }) => level === 'error').length;
      output.talk(errors === 0 ? 'no errors' : `${errors} of ${findings.length} findings are errors`);
      process.exitCode = errors === 0 ? exits.done : exits.failed;
    }),
  );
};

function findingText({ level, code, what, why, todo }: Finding, colors: Colors): string {
  const marks = {
    error: colors.red('ERROR  '),
    warning: colors.yellow('WARNING'),
    note: colors.cyan('NOTE   '),
    good: colors.green('OK     '),
  };
  const lines = [`${marks[level]} ${clean(what)} ${colors.dim(`[${code}]`)}`];
  if (why !== undefined) lines.push(`        Why: ${clean(why)}.`);
  if (todo !== undefined) lines.push(`        Do: ${clean(todo)}.`);
  return lines.join('\n');
}
