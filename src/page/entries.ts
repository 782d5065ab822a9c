/** Pages of tasks and of dead letters, by the range of their numbers. */
import type { StoreReader } from '../store/reader.js';
import type { LetterPage, LetterRow, TaskPage, TaskRow } from './contract.js';
import type { ResolvedPage } from './options.js';
import { idText, payloadText } from './payloads.js';
import type { Route } from './route.js';

const ENTRIES_MAX = 50;
/** With what they hold, which may be a MiB each by default, and 16 at most. */
const PAYLOADS_MAX = 10;

type Redactor = Pick<ResolvedPage, 'redact'>;

/** `shown`: null if payloads are not. */
export async function readEntries(
  reader: StoreReader,
  { verb, name, after }: Extract<Route, { type: 'entries' }>,
  shown: Redactor | null,
): Promise<TaskPage | LetterPage> {
  const limit = shown === null ? ENTRIES_MAX : PAYLOADS_MAX;
  if (verb === 'letters') {
    const found = await reader.letters(name, { after, limit }, shown !== null);
    const entries = found.map(
      ({ seq, id, at, attempts, name: error, message, code, bytes }): LetterRow => ({
        ...{ number: seq, id: idText(id), at: at.toISOString(), attempts },
        error: { name: error, message, code: code ?? null },
        ...payload(bytes, name, shown),
      }),
    );
    return { entries, next: nextOf(entries, limit, shown !== null) };
  }
  const [entry] = await reader.leasesOf([name]);
  const from = Math.max(after, entry?.state.done ?? 0);
  const found = await reader.tasks(name, { after: from, limit }, shown !== null);
  const entries = found.map(
    ({ seq, id, at, attempts, bytes }): TaskRow => ({
      ...{ number: seq, id: idText(id), at: at.toISOString(), attempts },
      ...payload(bytes, name, shown),
    }),
  );
  return { entries, next: nextOf(entries, limit, shown !== null) };
}

function payload(bytes: Uint8Array, name: string, shown: Redactor | null) {
  return shown === null ? {} : payloadText(bytes, name, shown.redact);
}

/** A store ends a page early when it holds many bytes. */
function nextOf(entries: readonly { readonly number: number }[], limit: number, isHeavy: boolean): number | null {
  const last = entries.at(-1);
  return last === undefined || (entries.length < limit && !isHeavy) ? null : last.number;
}
