/** What viewers change: each as the command of the same name does it, and only if what they saw still holds. */
import { LetterDesk } from '../operations/letters.js';
import { askHandOver, askPause, askResume, membersBy } from '../operations/requests.js';
import { limitsOf } from '../operations/submission.js';
import { hostDrain } from '../store/orders.js';
import type { StoreReader } from '../store/reader.js';
import type { Lease } from '../store/store.js';
import type { FullStore } from '../store/taskStore.js';
import type { Clock } from '../time/clock.js';
import { type Body, type ChosenLetter, LETTERS_MAX, type NamedTask } from './body.js';
import type { Answer, LetterResult, LettersAnswer } from './contract.js';
import { conflict, noSubsystem, PageError } from './messages.js';
import { idText } from './payloads.js';
import type { NamedVerb } from './route.js';
import { changeSchedule } from './scheduleActions.js';
import { cancelTask } from './taskActions.js';

export interface ActionParts {
  readonly reader: StoreReader;
  /** Opens the store for writing, which makes the indexes that are missing. */
  writer(): Promise<FullStore>;
  readonly clock: Clock;
  /** Who asks, as it is stored. */
  readonly by: string;
  /** Returns a text that no other call has returned, of any process. */
  newId(): string;
}

export const fieldsOf: Readonly<Record<NamedVerb | 'drain' | 'undrain', readonly string[]>> = {
  'hand-over': ['to', 'ifTerm', 'reason'],
  pause: ['reason', 'for', 'standby', 'ifTerm'],
  resume: ['ifTerm', 'ifAt'],
  requeue: ['letters', 'all', 'head', 'ifTerm'],
  discard: ['letters', 'all', 'ifTerm'],
  cancel: ['number', 'id', 'running', 'ifTerm'],
  'pause-schedule': ['id', 'reason', 'ifTerm'],
  'resume-schedule': ['id', 'ifAt', 'ifTerm'],
  'delete-schedule': ['id', 'ifTerm'],
  trigger: ['id', 'ifTerm'],
  drain: ['host', 'member', 'reason'],
  undrain: ['host', 'member', 'key'],
};

/** @throws PageError */
export async function act(verb: NamedVerb, name: string, body: Body, parts: ActionParts): Promise<Answer> {
  const lease = await leaseOf(name, parts);
  switch (verb) {
    case 'hand-over':
      return handOver(name, body, parts);
    case 'pause':
      return pause(name, body, lease, parts);
    case 'resume':
      return resume(name, body, lease, parts);
    case 'requeue':
    case 'discard':
      mustBeTerm(name, body.optionalTerm(), lease);
      return letters(verb, name, body, lease, parts);
    case 'cancel':
      mustBeTerm(name, body.optionalTerm(), lease);
      return cancelTask(name, body, lease, parts);
    case 'pause-schedule':
    case 'resume-schedule':
    case 'delete-schedule':
    case 'trigger':
      mustBeTerm(name, body.term(), lease);
      return changeSchedule(verb, name, body, parts);
  }
}

/** A name that is not known must not leave a document behind. */
async function leaseOf(name: string, { reader }: ActionParts): Promise<Lease | null> {
  const [[entry], members] = await Promise.all([reader.leasesOf([name]), reader.members(name)]);
  if (entry === undefined && members.length === 0) throw noSubsystem(name);
  return entry?.lease ?? null;
}

function mustBeTerm(name: string, ifTerm: number | undefined, lease: Lease | null): void {
  const term = lease?.term ?? 0;
  if (ifTerm !== undefined && ifTerm !== term) throw conflict(name, `its term is ${term} now, not ${ifTerm}`);
}

function settled(name: string, asked: { type: 'asked' } | { type: 'refused'; why: string }): Answer {
  if (asked.type === 'refused') throw conflict(name, asked.why);
  return { ok: true };
}

async function handOver(name: string, body: Body, { reader, writer, clock, by, newId }: ActionParts): Promise<Answer> {
  const to = body.text('to');
  const ifTerm = body.term();
  const reason = body.text('reason');
  if (to !== undefined && !(await reader.members(name)).some(({ id }) => id === to)) {
    throw conflict(name, `it has no member ${to} any more`);
  }
  const asked = { id: newId(), name, to, ifTerm, by, reason };
  return settled(name, await askHandOver(reader, await writer(), asked, clock));
}

async function pause(name: string, body: Body, lease: Lease | null, parts: ActionParts): Promise<Answer> {
  const { reader, writer, clock, by } = parts;
  const asked = { name, by, reason: body.text('reason'), duration: body.duration(), standby: body.boolean('standby') };
  mustBeTerm(name, body.term(), lease);
  return settled(name, await askPause(reader, await writer(), asked, clock));
}

async function resume(name: string, body: Body, lease: Lease | null, parts: ActionParts): Promise<Answer> {
  const ifAt = body.time('ifAt');
  mustBeTerm(name, body.optionalTerm(), lease);
  return settled(name, await askResume(parts.reader, await parts.writer(), name, ifAt));
}

async function letters(
  verb: 'requeue' | 'discard',
  name: string,
  body: Body,
  lease: Lease | null,
  parts: ActionParts,
): Promise<LettersAnswer> {
  const { reader, writer, clock, by, newId } = parts;
  const configuration = lease?.configuration;
  const [named, head] = [body.letters(), verb === 'requeue' ? body.head() : undefined];
  const isAll = body.isTrue('all');
  if ([named, head, isAll || undefined].filter((given) => given !== undefined).length !== 1) {
    const choices =
      verb === 'requeue' ? 'letters, all or head, and one of the three' : 'letters, or all, and one of the two';
    throw new PageError(400, 'ERR_PAGE_REQUEST', `give ${choices}`);
  }
  if (verb === 'requeue' && configuration !== undefined && configuration.kind !== 'durable') {
    throw conflict(name, `its queue is not in the store (its kind is ${configuration.kind})`);
  }
  const { maxQueue } = limitsOf(configuration?.settings ?? {});
  const { tasks: store } = await writer();
  const desk = new LetterDesk({ store, name, holder: `${by}/${process.pid}/${newId()}`, maxQueue, clock });
  if (head !== undefined) return { ok: true, results: [await unblocked(desk, head)], left: false };
  const chosen = named ?? (await oldest(name, reader));
  const results: { number: number; id: string; result: LetterResult }[] = [];
  for (const letter of chosen) {
    const result = await handled(verb, desk, letter, { reader, name });
    results.push({ number: letter.number, id: letter.text, result });
    // The rest would be refused, too.
    if (result === 'full') break;
  }
  const isStuck = results.every(({ result }) => result === 'known' || result === 'full');
  return { ok: true, results, left: isAll && chosen.length === LETTERS_MAX && !isStuck };
}

async function oldest(name: string, reader: StoreReader): Promise<ChosenLetter[]> {
  const found = await reader.letters(name, { after: 0, limit: LETTERS_MAX }, false);
  return found.map(({ seq, id }) => ({ number: seq, text: idText(id), id }));
}

/** Acts on the letter that was chosen, and on no other one of the same id. */
async function handled(
  verb: 'requeue' | 'discard',
  desk: LetterDesk,
  { number, id }: ChosenLetter,
  { reader, name }: { readonly reader: StoreReader; readonly name: string },
): Promise<LetterResult> {
  const find = async () => {
    const letter = await reader.letterAt(name, number);
    // Numbers begin again where the lease or the tasks were dropped.
    return letter?.id === id ? letter : null;
  };
  if (verb === 'requeue') return desk.requeue(id, find);
  return (await desk.discard(id, find)) ? 'discarded' : 'none';
}

/** The head that blocks the queue is no letter, though there may be one of its id. It is given its attempts again. */
async function unblocked(desk: LetterDesk, { text, id }: NamedTask): Promise<{ id: string; result: LetterResult }> {
  return { id: text, result: (await desk.unblock(id)) ? 'queued' : 'none' };
}

/** @throws PageError */
export async function drain(body: Body, { reader, writer, clock, by }: ActionParts): Promise<Answer> {
  const reason = body.text('reason');
  const key = await drainKey(body.text('host'), body.text('member'), undefined, reader);
  const at = new Date(clock.wall());
  await (await writer()).putDrain({ key, by, at, ...(reason === undefined ? {} : { reason }) });
  return { ok: true };
}

/** @throws PageError */
export async function undrain(body: Body, { reader, writer }: ActionParts): Promise<Answer> {
  const key = await drainKey(body.text('host'), body.text('member'), body.text('key'), reader);
  if (!(await reader.drains()).some((each) => each.key === key)) {
    throw new PageError(409, 'ERR_PAGE_CONFLICT', `${key} is not drained any more`);
  }
  await (await writer()).removeDrain(key);
  return { ok: true };
}

async function drainKey(
  host: string | undefined,
  member: string | undefined,
  key: string | undefined,
  reader: StoreReader,
): Promise<string> {
  if ([host, member, key].filter((given) => given !== undefined).length !== 1) {
    throw new PageError(400, 'ERR_PAGE_REQUEST', 'say which host or member is meant, and one of the two');
  }
  if (key !== undefined) return key;
  if (host !== undefined) return hostDrain(host);
  const [found] = membersBy(member ?? '', await reader.members(null)).filter(({ id }) => id === member);
  if (found === undefined) throw new PageError(409, 'ERR_PAGE_CONFLICT', `there is no member ${member} any more`);
  if (found.drain !== undefined) return found.drain;
  const why = 'it is of a version that knows no drain, or runs where processes cannot be told apart';
  throw new PageError(409, 'ERR_PAGE_CONFLICT', `${found.id} cannot be drained: ${why}. Drain its host`);
}
