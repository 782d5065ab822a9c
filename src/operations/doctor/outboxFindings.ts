/** Looks for tasks that wait in the outbox and that no master takes from there. */
import { StoreError } from '../../errors.js';
import type { StoreReader } from '../../store/reader.js';
import { OUTBOX_LATE_MS, type SeenOutbox } from '../../store/seenOutbox.js';
import type { Clock } from '../../time/clock.js';
import type { SubsystemView } from '../views.js';
import type { Finding } from './findings.js';

const SHOWN_MAX = 5;

/** What may not be read is a finding, and hides none of the others. */
export async function lookAtOutbox(
  reader: Pick<StoreReader, 'outbox'>,
  views: readonly SubsystemView[],
  clock: Pick<Clock, 'wall'>,
): Promise<Finding[]> {
  const before = new Date(clock.wall() - OUTBOX_LATE_MS);
  try {
    return outboxFindings(
      await reader.outbox(
        views.map(({ name }) => name),
        before,
      ),
      views,
    );
  } catch (error) {
    if (!(error instanceof StoreError && error.code === 'ERR_STORE')) throw error;
    const what = `the outbox was not looked at: ${error.message}`;
    return [{ level: 'note', code: 'OUTBOX_UNSEEN', what }];
  }
}

export function outboxFindings(
  { unknown, late, refused, isWhole }: SeenOutbox,
  views: readonly SubsystemView[],
): Finding[] {
  const kinds = new Map(views.map(({ name, kind }) => [name, kind]));
  return [
    ...unknown.map(unknownFinding),
    ...late.map((name) => lateFinding(name, kinds.get(name) ?? null)),
    ...(refused.length === 0 ? [] : [refusedFinding(refused)]),
    ...(isWhole ? [] : [partFinding]),
  ];
}

const partFinding: Finding = {
  level: 'note',
  code: 'OUTBOX_PART',
  what: 'the outbox has more names than are looked at: others may wait there, too',
  todo: 'correct what is found, and look again; or count the entries of failover_outbox by name',
};

function unknownFinding(name: string | null): Finding {
  const what =
    name === null
      ? 'there are entries in the outbox whose `name` is no text'
      : `there are entries in the outbox for ${name}, which has no lease and no member`;
  return {
    level: 'warning',
    code: 'OUTBOX_UNKNOWN',
    what,
    why: 'no master takes them: the name was mistyped, or its members have not been started yet',
    todo: 'start a member of that name with durable work, or correct the name in failover_outbox',
  };
}

function lateFinding(name: string, kind: SubsystemView['kind']): Finding {
  const isDurable = kind === null || kind === 'durable';
  return {
    level: 'warning',
    code: 'OUTBOX_LATE',
    what: `entries of ${name} in the outbox have been due for more than ${OUTBOX_LATE_MS / 1000} s`,
    why: isDurable
      ? 'their tasks are not run: there is no master, it cannot read the outbox, or more come than it moves'
      : `their tasks are not run: the kind of ${name} is ${kind}, and only durable members take entries`,
    todo: 'look at the events `error` of its master, and at the rights on failover_outbox',
  };
}

function refusedFinding(refused: SeenOutbox['refused']): Finding {
  const shown = refused.slice(0, SHOWN_MAX).map(({ name, why }) => `${name}: ${why}`);
  const more = refused.length > SHOWN_MAX ? `; and more` : '';
  return {
    level: 'warning',
    code: 'OUTBOX_REFUSED',
    what: `entries of the outbox cannot become tasks: ${shown.join('; ')}${more}`,
    why: 'another program wrote what is no task, so nothing of it is run',
    todo: 'correct them as docs/guide/transactions.md shows and unset `refused`, or delete them from failover_outbox',
  };
}
