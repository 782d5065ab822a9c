/** `hand-over`: another member becomes master, with the work drained. */
import { randomUUID } from 'node:crypto';
import { askHandOver, followHandOver, membersBy } from '../../operations/requests.js';
import { lateText } from '../../requests/handOver.js';
import { systemClock } from '../../time/systemClock.js';
import type { Register } from '../context.js';
import { CommandError, exits, UsageError } from '../exit.js';
import { withCommonOptions } from '../settings/common.js';
import { parseDuration, showDuration } from '../settings/durations.js';
import { readCount, readFilled, readReason, readText } from '../settings/values.js';
import { asker } from '../support/asking.js';
import { type Session, session } from '../support/session.js';
import { shortId } from '../text/subsystem.js';
import { clean } from '../text/words.js';
import { mustBeKnown, refusal } from './pause.js';

const WAIT = '30s';

type Flags = Readonly<Record<string, unknown>>;

export const handOver: Register = (program, context) => {
  const command = program
    .command('hand-over')
    .description('ask the master of a subsystem to hand over, and follow until another member is master')
    .argument('<name>', 'the subsystem')
    .option('--to <member>', 'the id of the next master, or its beginning; others wait 2 POLL for it')
    .option('--if-term <term>', 'only if this is still the term')
    .option('--reason <text>', 'why, for those who look')
    .option('--wait <duration>', `then take the request back (default: ${WAIT})`);
  withCommonOptions(command).action((name: string, flags: Flags) => {
    const timeout = parseDuration(readText(flags.wait) ?? WAIT, '--wait', { min: 1000 });
    const ifTerm = readCount(flags.ifTerm, '--if-term', { fallback: 0 });
    return session(flags, context, (opened) => run(name, flags, { timeout, ifTerm }, opened));
  });
};

async function run(
  name: string,
  flags: Flags,
  { timeout, ifTerm }: { readonly timeout: number; readonly ifTerm: number },
  opened: Session,
): Promise<void> {
  const { reader, output } = opened;
  await mustBeKnown(name, opened);
  const to = await successor(name, readFilled(flags.to, '--to'), opened);
  const who = { by: asker(), reason: readReason(flags) };
  const asked = { id: randomUUID(), name, to, ifTerm: ifTerm === 0 ? undefined : ifTerm, ...who };
  const store = await opened.writer();
  const result = await askHandOver(reader, store, asked, systemClock);
  if (result.type === 'refused') throw refusal(name, result.why);
  const { request } = result;
  output.talk(`asked the master of term ${request.term}; Ctrl-C ends the waiting, and not the request`);
  const outcome = await followHandOver(reader, store, name, request, { timeout, clock: systemClock });
  if (outcome.type === 'refused') throw refusal(name, `the hand-over was refused: ${outcome.why}`);
  if (outcome.type === 'late') {
    const text = `${JSON.stringify(name)} was not handed over in ${showDuration(timeout)}: ${lateText(outcome)}`;
    throw new CommandError(exits.late, text, 'ERR_HAND_OVER_TIMEOUT');
  }
  const { term, holder } = outcome;
  output.result({ name, term, holder }, () => `${clean(name)}: ${shortId(holder)} is master of term ${term}`);
  if (to === undefined || holder === to) return;
  throw new CommandError(exits.refused, `${to} did not claim in time, so another member is master`, 'ERR_OTHER_MEMBER');
}

async function successor(name: string, prefix: string | undefined, { reader }: Session): Promise<string | undefined> {
  if (prefix === undefined) return undefined;
  const found = membersBy(prefix, await reader.members(name));
  const [first] = found;
  if (first === undefined) throw new CommandError(exits.none, `${name} has no member ${prefix}`, 'ERR_NONE');
  if (found.length === 1) return first.id;
  throw new UsageError(`--to ${prefix} is the beginning of ${found.map(({ id }) => id).join(', ')}: give more of it`);
}
