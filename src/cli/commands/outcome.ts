/** `outcome`: how the last task with an id ended. */
import { decodeAnswer } from '../../execution/answerBytes.js';
import { counted } from '../../facade/outcomes.js';
import type { TaskOutcome } from '../../store/taskStore.js';
import { systemClock } from '../../time/systemClock.js';
import type { Register } from '../context.js';
import { CommandError, exits } from '../exit.js';
import { toJson } from '../output.js';
import { withCommonOptions } from '../settings/common.js';
import { type Session, session } from '../support/session.js';
import { taskIdsOf } from '../support/taskIds.js';
import { clean, showId, showTime } from '../text/words.js';
import { errorText } from './tasks.js';

export const outcome: Register = (program, context) => {
  const command = program
    .command('outcome')
    .description('show how the last task with an id ended, if its cluster keeps outcomes')
    .argument('<name>', 'the subsystem')
    .argument('<id>', 'the id of the task; quoted ("7") it is a text');
  withCommonOptions(command).action((name: string, id: string, flags: Readonly<Record<string, unknown>>) => {
    taskIdsOf(id);
    return session(flags, context, (opened) => show(name, id, opened));
  });
};

async function show(name: string, argument: string, { reader, output, settings }: Session): Promise<void> {
  const ids = taskIdsOf(argument);
  const { done, stored, outcomes } = await reader.outcomes(name, ids);
  const seen = ids.map((_, at) => ({ done, stored: stored[at] ?? null, outcome: outcomes[at] ?? null }));
  const found = seen.map(counted).find((each) => each !== null);
  const waits = ids.find((_, at) => (stored[at] ?? 0) > done);
  if (found === undefined || found === null) {
    const why =
      waits === undefined
        ? 'no such task has ended, its cluster keeps none (keepOutcomes), or its time is over'
        : 'it is queued';
    const text = `no outcome of task ${JSON.stringify(argument)} of ${JSON.stringify(name)} is in ${reader.label}: ${why}`;
    throw new CommandError(exits.none, text, 'ERR_NONE');
  }
  const document = facts(found);
  const now = systemClock.wall();
  output.result(document, () => {
    const end = document.error === null ? shownResult(document.result) : `: ${errorText(document.error)}`;
    const when = showTime(document.at, settings.time, now);
    const tries = document.attempts === 1 ? '1 attempt' : `${document.attempts} attempts`;
    return `task ${showId(document.id)} ${document.state}, ${when}, after ${tries}, under term ${document.term}${end}`;
  });
}

function facts({ id, seq, state, attempts, term, at, error, result }: TaskOutcome) {
  return {
    ...{ id, number: seq, state, attempts, term, at },
    error: error === null ? null : { name: error.name, message: error.message, code: error.code ?? null },
    ...(result === null ? {} : { result: decodeAnswer(result) }),
  };
}

function shownResult(result: unknown): string {
  return result === undefined ? '' : `: ${clean(toJson(result))}`;
}
