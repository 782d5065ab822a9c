/**
 * One member of the set that replicaSet.ts plays: what it says of itself, and how it answers each command by the role that
 * it has.
 *
 *   primary     passes commands on
 *   stale       was primary, is cut off from the others, and does not know it: see staleCopy.ts
 *   secondary   refuses writes, and reads that want the primary
 *   recovering  refuses all
 *   stopping    refuses all, and says that it shuts down
 *   down        ends connections, or never answers
 */
import { type Document, Int32, ObjectId } from 'bson';
import { changeMessage, readMessage } from '../../support/wire.js';
import type { Call } from './front.js';
import { common, isHello, News, writable } from './hello.js';
import { outgoing } from './outgoing.js';
import { errorAnswer, type ServerErrorName, writeConcernError } from './serverErrors.js';
import type { StaleCopy } from './staleCopy.js';

type Role = 'primary' | 'stale' | 'secondary' | 'recovering' | 'stopping' | 'down';

/** What becomes of the calls that are under way when a primary is one no more. */
export interface Interruption {
  /** The error, or a connection that ends. */
  readonly told: ServerErrorName | 'socket';
  /** Whether the error is told of the acknowledgement alone, in an answer that is otherwise well. */
  readonly asConcern?: boolean;
}

/** What the members have in common. */
export interface SetState {
  readonly setName: string;
  readonly sessions: boolean;
  setVersion: number;
  primary: number | undefined;
  /** Of which nothing may be passed on until it resolves. */
  gate: Promise<void>;
  readonly passing: Set<Promise<unknown>>;
  readonly databases: Set<string>;
  /** Steps the primary down because a client asked for it. */
  askedToStepDown(): void;
}

const writes = new Set(['insert', 'update', 'delete', 'findAndModify', 'bulkWrite', 'create', 'drop', 'dropDatabase']);
for (const name of ['createIndexes', 'dropIndexes', 'collMod', 'renameCollection']) writes.add(name);
const served = new Set([
  'ping',
  'buildInfo',
  'connectionStatus',
  'saslStart',
  'saslContinue',
  'authenticate',
  'logout',
]);
/** Commands that the servers behind this may not know, and that no test needs. */
const ignored = new Set(['endSessions', 'killCursors', 'killSessions']);

export class SetMember {
  role: Role = 'secondary';
  readonly news = new News();
  /** When it became primary last, in elections. */
  term = 0;
  copy: StaleCopy | undefined;
  /** Whether writes are done and their answers kept, or are kept before they are done, until this is no primary. */
  holding: 'answers' | 'requests' | undefined;
  private interruption: Interruption = { told: 'InterruptedDueToReplStateChange' };
  private readonly kept = new Set<() => void>();

  constructor(
    readonly index: number,
    private readonly set: SetState,
  ) {}

  get isPrimary(): boolean {
    return this.role === 'primary' || this.role === 'stale';
  }

  /** How many calls it keeps. */
  get keptCount(): number {
    return this.kept.size;
  }

  become(role: Role, interruption: Interruption = { told: 'InterruptedDueToReplStateChange' }): void {
    this.interruption = interruption;
    this.role = role;
    if (role !== 'stale') this.news.tell();
    if (this.isPrimary) return;
    this.holding = undefined;
    for (const free of [...this.kept]) free();
  }

  /** `hosts` tells what the members are called now: a driver that waits for news hears it later. */
  async handle(call: Call, hosts: () => readonly string[]): Promise<void> {
    if (this.role === 'down') return call.cut();
    if (isHello(call)) return this.news.answer(call, () => this.hello(call, hosts()));
    if (ignored.has(call.name)) return call.answer({ ok: 1 });
    if (this.role === 'stopping') return this.refuse(call, 'ShutdownInProgress');
    if (call.name === 'replSetStepDown') return this.stepDown(call);
    if (served.has(call.name)) return call.hand(await call.pass(this.outgoing(call)));
    const isWrite = writes.has(call.name);
    await this.set.gate;
    if (this.role === 'primary') return isWrite ? this.write(call) : this.read(call);
    if (this.role === 'stale') return isWrite ? this.staleWrite(call) : this.staleRead(call);
    if (isWrite) return this.refuse(call, 'NotWritablePrimary');
    if (this.role === 'recovering') return this.refuse(call, 'NotPrimaryOrSecondary');
    const mode = call.body.$readPreference?.mode ?? 'primary';
    return mode === 'primary' ? this.refuse(call, 'NotPrimaryNoSecondaryOk') : this.read(call);
  }

  private hello(call: Call, hosts: readonly string[]): Document {
    const { set, isPrimary, index } = this;
    const primary = isPrimary ? index : set.primary;
    const opTime = { ts: new Date(), t: this.term };
    return {
      ...common(call),
      ...writable(call, isPrimary),
      topologyVersion: this.news.version,
      hosts,
      setName: set.setName,
      setVersion: set.setVersion,
      secondary: this.role === 'secondary',
      ...(primary === undefined ? {} : { primary: hosts[primary] }),
      me: hosts[index],
      ...(isPrimary ? { electionId: new ObjectId(`7fffffff${this.term.toString(16).padStart(16, '0')}`) } : {}),
      lastWrite: { opTime, lastWriteDate: new Date(), majorityOpTime: opTime, majorityWriteDate: new Date() },
      ...(set.sessions ? { logicalSessionTimeoutMinutes: 30 } : {}),
    };
  }

  private refuse(call: Call, name: ServerErrorName): void {
    call.answer(errorAnswer(name, { topologyVersion: this.news.version }));
  }

  private stepDown(call: Call): void {
    if (this.role !== 'primary') return this.refuse(call, 'NotWritablePrimary');
    call.answer({ ok: 1 });
    this.set.askedToStepDown();
  }

  private async read(call: Call): Promise<void> {
    call.hand(await this.pass(call, this.outgoing(call)));
  }

  private async write(call: Call): Promise<void> {
    const { term } = this;
    const isStill = (): boolean => this.role === 'primary' && this.term === term;
    if (this.holding === 'requests') {
      await this.untilInterrupted(call);
      return this.interrupt(call);
    }
    const answer = await this.pass(call, this.outgoing(call));
    if (this.holding === 'answers' && isStill()) await this.untilInterrupted(call);
    if (isStill()) call.hand(answer);
    else this.interrupt(call, answer);
  }

  /** `answer` is there if the write was done. */
  private interrupt(call: Call, answer?: Buffer): void {
    const { told, asConcern = false } = this.interruption;
    if (told === 'socket') call.cut();
    else if (asConcern && answer !== undefined) call.hand(withConcern(answer, told));
    else this.refuse(call, told);
  }

  /** A write into local data, which no majority acknowledges. Who asks for no majority is told that all is well. */
  private async staleWrite(call: Call): Promise<void> {
    const answer = await this.pass(call, this.outgoing(call, 'local'));
    const { w = 'majority', wtimeout: limit } = call.body.writeConcern ?? {};
    if (w === 0 || w === 1) return call.hand(answer);
    const inTime = await this.untilInterrupted(call, typeof limit === 'number' && limit > 0 ? limit : undefined);
    if (!inTime) call.hand(withConcern(answer, 'WriteConcernTimeout'));
    else this.interrupt(call, answer);
  }

  private async staleRead(call: Call): Promise<void> {
    const level = call.body.readConcern?.level;
    if (level !== 'linearizable') {
      const what = level === 'majority' ? 'majority' : 'local';
      return call.hand(await this.pass(call, this.outgoing(call, what)));
    }
    // It would have to write something, which no majority acknowledges.
    const limit = call.body.maxTimeMS;
    const inTime = await this.untilInterrupted(call, typeof limit === 'number' && limit > 0 ? limit : undefined);
    if (inTime) this.interrupt(call);
    else call.answer(errorAnswer('MaxTimeMSExpired'));
  }

  /** Resolves with whether this ceased to be primary, or its connection was closed, within so many ms. */
  private async untilInterrupted(call: Call, limit?: number): Promise<boolean> {
    if (!this.isPrimary) return true;
    let free = (): void => {};
    const interrupted = new Promise<boolean>((resolve) => {
      free = () => resolve(true);
    });
    this.kept.add(free);
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<boolean>((resolve) => {
      if (limit !== undefined) timer = setTimeout(() => resolve(false), limit);
    });
    const inTime = await Promise.race([interrupted, late, call.closed.then(() => true)]);
    clearTimeout(timer);
    this.kept.delete(free);
    return inTime;
  }

  private async pass(call: Call, bytes: Buffer): Promise<Buffer> {
    const { $db: database } = call.body;
    if (typeof database === 'string' && database !== 'admin') this.set.databases.add(database);
    const passing = call.pass(bytes);
    this.set.passing.add(passing);
    try {
      return await passing;
    } finally {
      this.set.passing.delete(passing);
    }
  }

  private outgoing({ message }: Call, copy?: 'local' | 'majority'): Buffer {
    const database: unknown = message.body.$db;
    const ofCopy = copy === undefined || typeof database !== 'string' ? undefined : this.copy?.name(database, copy);
    return outgoing(message, ofCopy);
  }
}

function withConcern(answer: Buffer, name: ServerErrorName): Buffer {
  return changeMessage(readMessage(answer), (body) => {
    const { writeConcernError: told } = writeConcernError(name);
    return { ...body, writeConcernError: { ...told, code: new Int32(told.code) } };
  });
}
