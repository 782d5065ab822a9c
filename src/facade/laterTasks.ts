/**
 * Tasks that get into the queue later, by way of the outbox: those that are due at some time, and those that a transaction of the
 * caller commits. The latter are written here, by the caller's own client, because a session belongs to the client that began it.
 */
import { showKind, showValue } from '../diagnostics/showValue.js';
import { InvalidOptionError, StateError, TaskError } from '../errors.js';
import { checkBoolean, checkNumber, isObject, readFields, reading } from '../options/checks.js';
import { newOrigin } from '../task/newOrigin.js';
import { type TaskId, UNIQUE_MAX_MS } from '../task/task.js';
import { timeOf } from '../values/realms.js';
import type { Caller } from '../wire/messages.js';
import type { Answers } from './answers.js';
import type { EncodedTask } from './feeder.js';
import { encodeEach } from './manyTasks.js';
import { withSubmissions } from './submissions.js';
import type {
  PendingSubmission,
  PendingSubmissions,
  Submission,
  Submissions,
  TransactionSession,
} from './submissionsApi.js';

/** What was asked of a submission. */
export interface SubmitRequest {
  readonly wait: boolean;
  /** In ms since 1970; null: at once. */
  readonly at: number | null;
  readonly session: DriverSession | null;
  /** In ms; undefined: the id is free when the task is done. */
  readonly uniqueFor: number | undefined;
}

/** Most tasks that are sent to the coordinator in one call. */
const SENT_MAX = 256;
/** The latest time that a `Date` holds, in ms. */
const TIME_MAX = 8.64e15;
/** The document of the store that names its epoch. */
const MARKER = { collection: 'failover', _id: 'settled' } as const;
const OUTBOX = 'failover_outbox';

/** A session with what its types do not show, and all versions of the driver have. */
interface DriverSession extends TransactionSession {
  readonly client: { db(name: string): { collection(name: string): object } };
}

/** As much of a collection of the driver as is needed. */
interface Collection {
  findOne(filter: object, options: object): Promise<unknown>;
  insertMany(documents: object[], options: object): Promise<unknown>;
}

const atOnce: SubmitRequest = { wait: false, at: null, session: null, uniqueFor: undefined };

/** @throws InvalidOptionError, and StateError if the cluster cannot do it */
export function resolveSubmit(given: unknown, cluster: Pick<LaterTasksParts, 'name' | 'durable'>): SubmitRequest {
  if (given === undefined) return atOnce;
  const { wait, at, session, uniqueFor } = readFields(given, '', ['wait', 'at', 'session', 'uniqueFor']);
  const request = {
    wait: wait === undefined ? false : checkBoolean(wait, 'wait'),
    at: at === undefined ? null : checkTime(at),
    session: session === undefined || session === null ? null : checkSession(session),
    uniqueFor: uniqueFor === undefined ? undefined : checkUniqueFor(uniqueFor, cluster),
  };
  if (request.uniqueFor !== undefined && isLater(request))
    throw new InvalidOptionError('uniqueFor cannot be given with at or session: they store the task later');
  if (request.wait && isLater(request))
    throw new InvalidOptionError('wait cannot be given with at or session: they need no room');
  return request;
}

function checkUniqueFor(uniqueFor: unknown, { name, durable }: Pick<LaterTasksParts, 'name' | 'durable'>): number {
  const checked = checkNumber(uniqueFor, 'uniqueFor', { min: 1, max: UNIQUE_MAX_MS, integer: true });
  if (durable) return checked;
  const text = `uniqueFor needs a cluster with durable: true, and '${name}' keeps its tasks in memory`;
  throw new StateError('ERR_NOT_DURABLE', text);
}

function checkTime(at: unknown): number {
  const time = timeOf(at);
  if (typeof time === 'number' && time >= 0 && time <= TIME_MAX) return Math.trunc(time);
  throw new InvalidOptionError(`at must be a Date from 1970 on, or its time in ms, not ${showValue(at)}`);
}

function checkSession(session: unknown): DriverSession {
  const isSession =
    isObject(session) &&
    reading('session', () => {
      const { client, inTransaction } = session as Partial<DriverSession>;
      return isObject(client) && typeof client.db === 'function' && typeof inTransaction === 'function';
    });
  if (isSession) return session as DriverSession;
  throw new InvalidOptionError(`session must be a session of the driver, or of mongoose, not ${showKind(session)}`);
}

export function isLater({ at, session }: SubmitRequest): boolean {
  return at !== null || session !== null;
}

interface LaterTasksParts {
  readonly name: string;
  readonly durable: boolean;
  encode(task: object): EncodedTask;
  free(task: EncodedTask): void;
  /** Makes what is told of each task. */
  readonly answers: Pick<Answers, 'laterSubmission' | 'pendingSubmission'>;
  /** Makes calls to the thread that is there now. */
  caller(): Caller;
}

export class LaterTasks {
  /** The clients whose deployment is that of the store. */
  private readonly checked = new WeakSet<object>();

  constructor(private readonly parts: LaterTasksParts) {}

  async submitOne(task: object, request: SubmitRequest): Promise<Submission | PendingSubmission> {
    const { submissions } = await this.submit([task], request);
    return submissions[0] as (typeof submissions)[number];
  }

  async submit(tasks: readonly object[], { at, session }: SubmitRequest): Promise<Submissions | PendingSubmissions> {
    const { name, durable, encode, free, caller } = this.parts;
    if (!durable) {
      const text = `at and session need a cluster with durable: true, and '${name}' keeps its tasks in memory`;
      throw new StateError('ERR_NOT_DURABLE', text);
    }
    const encoded = encodeEach(tasks, encode, free);
    try {
      if (session !== null) return await this.submitIn(session, encoded, at, caller());
      return await this.submitAt(encoded, at ?? 0, caller());
    } finally {
      for (const task of encoded) free(task);
    }
  }

  /** Stores tasks that are due at this time. */
  private async submitAt(tasks: readonly EncodedTask[], at: number, call: Caller): Promise<Submissions> {
    const origins: (string | null)[] = [];
    for (let from = 0; from < tasks.length; ) {
      const block = tasks[from]?.slot.block;
      const some = tasks.slice(from, from + SENT_MAX);
      const end = some.findIndex(({ slot }) => slot.block !== block);
      const sent = end < 0 ? some : some.slice(0, end);
      if (block === undefined) break;
      const batch = {
        block: block.bytes,
        ids: sent.map(({ id }) => id),
        offsets: sent.map(({ slot }) => slot.offset),
        lengths: sent.map(({ slot }) => slot.length),
      };
      origins.push(...(await call('submitLater', batch, at)));
      from += sent.length;
    }
    const stored = origins.filter((origin) => origin !== null).length;
    const { answers } = this.parts;
    const result = { stored, duplicates: tasks.length - stored };
    return withSubmissions(result, idsOf(tasks), (id, index) =>
      answers.laterSubmission(id, origins[index] ?? null, at),
    );
  }

  /** Writes tasks in the transaction of this session. */
  private async submitIn(
    session: DriverSession,
    tasks: readonly EncodedTask[],
    at: number | null,
    call: Caller,
  ): Promise<PendingSubmissions> {
    this.mustBeIn(session);
    const place = await call('outboxPlace');
    if (place === null) {
      throw new InvalidOptionError(
        'session needs a cluster on MongoDB: the embedded store has no transactions of yours',
      );
    }
    const collection = (name: string) => session.client.db(place.database).collection(name) as Collection;
    await this.mustBeHere(session, place.epoch, collection(MARKER.collection));
    const written = new Date();
    const documents = tasks.map(({ id, slot }) => ({
      ...{ name: this.parts.name, key: id },
      // Memory of its own: what is shared may be another task's before the driver has sent it.
      payload: Buffer.from(slot.block.bytes.slice(slot.offset, slot.offset + slot.length)),
      ...(at === null ? {} : { at: new Date(at) }),
      origin: newOrigin(),
      written,
    }));
    // Again, because the transaction may have ended since, and the driver would write outside of one.
    this.mustBeIn(session);
    const options = { session, ordered: true };
    const inserted = documents.length > 0 ? await collection(OUTBOX).insertMany(documents, options) : undefined;
    // By its `_id` an entry is found again.
    const keys = documents.map((document, index) => keyIn(inserted, index) ?? hexOf(Reflect.get(document, '_id')));
    const origins = documents.map(({ origin }) => origin);
    const { answers } = this.parts;
    return withSubmissions({ stored: 'pending', count: documents.length }, idsOf(tasks), (id, index) =>
      answers.pendingSubmission(id, keys[index] ?? null, origins[index] ?? '', at),
    );
  }

  private mustBeIn(session: TransactionSession): void {
    if (reading('session', () => session.inTransaction())) return;
    const text = `the session has no transaction, and so nothing would commit the task: call submitWork between startTransaction and commitTransaction, or within withTransaction`;
    throw new TaskError('ERR_NO_TRANSACTION', text);
  }

  /** An outbox elsewhere would never be read. */
  private async mustBeHere({ client }: DriverSession, epoch: string, collection: Collection): Promise<void> {
    if (this.checked.has(client)) return;
    const marker = await collection.findOne({ _id: MARKER._id }, { readPreference: 'primary' });
    if (isObject(marker) && 'epoch' in marker && marker.epoch === epoch) {
      this.checked.add(client);
      return;
    }
    const text = `the client of the session is connected to another deployment than '${this.parts.name}', whose master would never see the task: begin the transaction on a client of the deployment that failover() was given`;
    throw new TaskError('ERR_OTHER_DEPLOYMENT', text);
  }
}

function idsOf(tasks: readonly EncodedTask[]): TaskId[] {
  return tasks.map(({ id }) => id);
}

/** Returns the `_id` of a document that the driver says it has inserted, if it is an ObjectId. */
function keyIn(inserted: unknown, index: number): string | null {
  const ids = isObject(inserted) ? Reflect.get(inserted, 'insertedIds') : undefined;
  return isObject(ids) ? hexOf(Reflect.get(ids, index)) : null;
}

/** Of an ObjectId of any version of the driver. */
function hexOf(id: unknown): string | null {
  if (!isObject(id) || Reflect.get(id, '_bsontype') !== 'ObjectId') return null;
  const hex = reading('session', () => String(id)).toLowerCase();
  return /^[\da-f]{24}$/.test(hex) ? hex : null;
}
