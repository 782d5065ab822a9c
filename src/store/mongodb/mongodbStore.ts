/**
 * The store in the user's MongoDB. One collection holds the leases and the term records, whose `_id`s are the fence:
 *
 *   failover          { _id: 'lease/' + name, term, beat, ack, holder, claim, ttl, identifier, count, recent, configuration, process, died, command, at }
 *                     { _id: term + '/' + name, name, term, holder, claim, ttl, at }
 *                     { _id: 'settled', epoch, wait, at }
 *                     { _id: 'once/' + length of name + '/' + name + '/' + key, subsystem, key, under, holder, at }
 *                     { _id: 'slot/' + length of name + '/' + name + '/' + length of job + '/' + job + '/' + slot, subsystem,
 *                       job, slot, claim, under, holder, at }
 *                     { _id: 'orders/' + name, subsystem, version, handOver, pause, at }
 *                     { _id: 'priority/' + name, subsystem, holder, priority, count, at }
 *                     { _id: 'drain/' + key, by, reason, at }
 *   failover_members  { _id: holder id, name, host, pid, state, at }
 *                     { _id: 'notice/' + kind + '/wants/' or '/differs/' + name, name, holder, configuration, ttl, count, wants, at }
 *
 * Nothing here needs more of a server than the protocol and unique `_id`s: no transactions, no pipelines, no clock. On a
 * server whose updates are not atomic a compare-and-set may match twice; the insert of a term never does.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { StoreError } from '../../errors.js';
import type { Clock } from '../../time/clock.js';
import {
  DocumentReader,
  type Epoch,
  type Fields,
  noticeId,
  noticeIds,
  readableIn,
  storedLease,
  storedNotice,
  storedProgress,
  storedRelease,
} from '../documents.js';
import type { ManyStore } from '../manyStore.js';
import type { Drain, OrdersAsked, OrdersChange, Preferred, SeenOrders } from '../orders.js';
import type { OutboxStore } from '../outbox.js';
import type { Presence } from '../presence.js';
import type { ScheduleStore } from '../schedules.js';
import type {
  DeadTenure,
  Hint,
  Lease,
  Look,
  Member,
  Notice,
  Observation,
  Progress,
  Store,
  Tenure,
  TermRecord,
  Tip,
  WantedHints,
} from '../store.js';
import type { StoreWatcher } from '../storeWatcher.js';
import { readSuccess, storedSuccess, successId } from '../successDocuments.js';
import type { Success } from '../successes.js';
import type { SlotTake, TakenSlot } from '../takenSlots.js';
import type { FullStore, TaskStore } from '../taskStore.js';
import { withinLimit } from '../timeLimit.js';
import { Commands, LEASES, leaseId, ofOurFormat, SETTLED } from './commands.js';
import { MongoConnection } from './connection/connection.js';
import { Topology } from './connection/topology.js';
import { MEMBERS } from './indexes/indexes.js';
import { IndexKeeper } from './indexes/indexKeeper.js';
import { prepare } from './indexes/prepare.js';
import { allSeen, Looks, termId } from './looks.js';
import { ManyClaims } from './manyClaims.js';
import { MongodbMany } from './mongodbMany.js';
import { MongodbOrders } from './mongodbOrders.js';
import { MongodbPresences } from './mongodbPresences.js';
import { MongodbSchedules } from './mongodbSchedules.js';
import { MongodbTakenSlots } from './mongodbTakenSlots.js';
import { ServerClock } from './serverClock.js';
import type { Settings } from './settings.js';
import { storeError } from './storeErrors.js';
import { MongodbOutbox } from './tasks/mongodbOutbox.js';
import { MongodbTasks } from './tasks/mongodbTasks.js';
import { TaskReads } from './tasks/taskReads.js';
import { streamsOf } from './wakeups/streams.js';
import { WakeUps } from './wakeups/wakeUps.js';

const MEMBERS_MAX = 1000;
/** Of what tells a command for many leases from others. */
const COMMAND_BYTES = 9;

export class MongodbStore implements FullStore {
  private readonly connection: MongoConnection;
  private readonly commands: Commands;
  private readonly indexes: IndexKeeper;
  private readonly wakeUps: WakeUps | null;
  private readonly hintListeners = new Set<(hint: Hint) => void>();
  private readonly orders: MongodbOrders;
  private readonly presences: MongodbPresences;
  private readonly takenSlots: MongodbTakenSlots;
  private readonly serverClock: ServerClock;
  private readonly looks: Looks;
  readonly tasks: TaskStore;
  readonly outbox: OutboxStore;
  readonly many: ManyStore;
  readonly schedules: ScheduleStore;

  constructor(settings: Settings, clock: Clock, watcher: StoreWatcher = {}) {
    const { label } = settings;
    const { measured, info = () => {} } = watcher;
    this.connection = new MongoConnection(settings, (run) => prepare({ send: run, label, clock }), measured);
    this.commands = new Commands(this.connection.run, settings);
    this.orders = new MongodbOrders(this.commands);
    this.presences = new MongodbPresences(this.commands);
    this.takenSlots = new MongodbTakenSlots(this.commands);
    this.serverClock = new ServerClock({
      commands: this.commands,
      now: () => clock.now(),
      wall: () => clock.wall(),
    });
    this.looks = new Looks({
      commands: this.commands,
      orders: this.orders,
      settled: SETTLED,
      beginEpoch: (what) => this.beginEpoch(what),
    });
    const commands = new Commands(this.connection.run, settings, settings.taskTimeout);
    this.indexes = new IndexKeeper({ send: (what, command) => commands.send(what, command), label, clock });
    const topology = new Topology(commands);
    this.connection.onAvailable(() => topology.reconnected());
    this.tasks = new MongodbTasks(commands, topology, this.indexes, clock);
    const epoch = async () => (await this.epoch('outboxPlace')).epoch;
    const reads = new TaskReads(commands, topology, clock);
    this.outbox = new MongodbOutbox(commands, reads, this.indexes, epoch, settings.database, clock);
    this.schedules = new MongodbSchedules(commands);
    this.many = new MongodbMany({
      commands: this.commands,
      looks: this.looks,
      claims: new ManyClaims({
        commands: this.commands,
        epoch: (what) => this.epoch(what),
        highestTerm: (name) => this.highestTerm(name),
        newCommand: () => randomBytes(COMMAND_BYTES).toString('base64url'),
      }),
      indexesSoon: () => this.indexes.soon(),
      readNotice: (document) => readableIn(() => this.reader(document).notice()),
      readMember: (document) => readableIn(() => this.reader(document).member('_id')),
      listMembers: (name) => this.listMembers(name),
    });
    this.wakeUps = settings.wakeUps === false ? null : this.makeWakeUps(settings, info);
  }

  private makeWakeUps(settings: Settings, told: (text: string) => void): WakeUps {
    return new WakeUps({
      open: streamsOf(settings),
      now: () => performance.now(),
      after: (ms, callback) => {
        const timer = setTimeout(callback, ms);
        return () => clearTimeout(timer);
      },
      hint: (hint) => {
        for (const listener of this.hintListeners) listener(hint);
      },
      told,
      explain: (error) => {
        const { message, code } = storeError(error, 'a change stream', settings);
        return { reason: message, lasts: code !== 'ERR_STORE_UNAVAILABLE' };
      },
    });
  }

  async open(): Promise<void> {
    await this.connection.open();
    this.wakeUps?.start();
  }

  async close(): Promise<void> {
    const { commands, wakeUps } = this;
    const late = () => commands.unavailable('close', 'the change streams do not end');
    const streams = withinLimit(commands.settings.commandTimeout, late, async () => wakeUps?.close()).catch(() => {});
    await Promise.all([this.connection.close(), streams]);
  }

  onHint(listener: (hint: Hint) => void): () => void {
    // A function of its own for each, so one listener may be added twice.
    const call = (hint: Hint) => listener(hint);
    this.hintListeners.add(call);
    return () => this.hintListeners.delete(call);
  }

  wantHints(wanted: WantedHints): void {
    this.wakeUps?.want(wanted);
  }

  onAvailable(listener: () => void): () => void {
    return this.connection.onAvailable(listener);
  }

  async highestTerm(name: string): Promise<Tip> {
    const [[record], { epoch }] = await Promise.all([
      this.find('highestTerm', LEASES, { name }, { sort: { term: -1 }, limit: 1 }),
      this.epoch('highestTerm'),
    ]);
    if (record === undefined) return { term: 0, ttl: 0, epoch };
    const { term, ttl, claim } = this.reader(record).termRecord();
    return { term, ttl, claim, epoch };
  }

  async observe(asked: readonly Look[]): Promise<(Observation & SeenOrders)[]> {
    this.indexes.soon();
    return allSeen(await this.looks.observe(asked));
  }

  private async epoch(what: string): Promise<Epoch> {
    const [mark] = await this.find(what, LEASES, { _id: SETTLED }, { limit: 1 });
    return mark === undefined ? this.beginEpoch(what) : this.reader(mark).epoch();
  }

  /** Names the epoch of a collection that is new or was emptied. If several do so at once, one insert passes. */
  private async beginEpoch(what: string): Promise<Epoch> {
    const begun: Epoch = { epoch: randomUUID(), wait: 0 };
    // What emptied the collection may have taken indexes, too.
    void this.indexes.makeAll(what);
    if (await this.commands.insert(what, LEASES, { _id: SETTLED, ...begun, at: new Date() })) return begun;
    const [mark] = await this.find(what, LEASES, { _id: SETTLED }, { limit: 1 });
    if (mark !== undefined) return this.reader(mark).epoch();
    throw new StoreError('ERR_STORE', `${this.commands.where(SETTLED)} was there, and was gone when it was read`);
  }

  async settle(epoch: string, wait: number): Promise<void> {
    const change = { $max: { wait }, $set: { at: new Date() } };
    await this.commands.update('settle', LEASES, { _id: SETTLED, epoch, ...ofOurFormat }, change);
  }

  async compareAndSetLease(name: string, expected: Lease | null, next: Lease): Promise<boolean> {
    const _id = leaseId(name);
    const fields = { ...storedLease(next), at: new Date() };
    if (expected === null) return this.commands.insert('compareAndSetLease', LEASES, { _id, ...fields });
    const { term, beat, ack, holder, claim } = expected;
    const same = { _id, term, beat, ack, holder, claim, ...ofOurFormat };
    return this.commands.update('compareAndSetLease', LEASES, same, { $set: fields });
  }

  async insertTerm({ name, term, holder, claim, ttl }: TermRecord): ReturnType<Store['insertTerm']> {
    const _id = termId(name, term);
    const record = { _id, name, term, holder, claim, ttl, at: new Date() };
    if (await this.commands.insert('insertTerm', LEASES, record)) return { inserted: true };
    const [found] = await this.find('insertTerm', LEASES, { _id }, { limit: 1 });
    if (found === undefined) {
      throw new StoreError('ERR_STORE', `${this.commands.where(_id)} was there, and was gone when it was read`);
    }
    return { inserted: false, claim: this.reader(found).text('claim') };
  }

  beat(tenure: Tenure, beat: number, progress: Progress): Promise<boolean> {
    this.indexes.soon();
    return this.setHeld('beat', tenure, { beat, ...storedProgress(progress) });
  }

  release(tenure: Tenure, beat: number, progress: Progress, died?: string): Promise<boolean> {
    return this.setHeld('release', tenure, { beat, ...storedProgress(progress), ...storedRelease(died) });
  }

  releaseDead({ name, term, holder, claim }: DeadTenure): Promise<boolean> {
    const held = { _id: leaseId(name), term, holder, claim, ...ofOurFormat };
    return this.commands.update('releaseDead', LEASES, held, { $set: { ...storedRelease(claim), at: new Date() } });
  }

  private setHeld(what: string, { name, term, holder }: Tenure, fields: Fields): Promise<boolean> {
    const change = { $set: { ...fields, at: new Date() } };
    return this.commands.update(what, LEASES, { _id: leaseId(name), term, holder, ...ofOurFormat }, change);
  }

  async trimTerms(name: string, below: number): Promise<void> {
    // The tip only ever rises, so what is below this one is below the tip for good.
    const limit = Math.min(below, (await this.highestTerm(name)).term);
    await this.commands.delete('trimTerms', LEASES, { name, term: { $lt: limit } }, 0);
  }

  async putMember({ id, ...member }: Member): Promise<void> {
    await this.commands.update('putMember', MEMBERS, { _id: id }, { $set: member }, true);
  }

  async removeMember(id: string): Promise<void> {
    await this.commands.delete('removeMember', MEMBERS, { _id: id }, 1);
  }

  async putNotice(notice: Notice): Promise<void> {
    const _id = noticeId(notice);
    const fields = { ...storedNotice(notice), at: new Date() };
    await this.commands.update('putNotice', MEMBERS, { _id }, { $set: fields }, true);
  }

  async readNotices(name: string): Promise<Notice[]> {
    const ids = noticeIds(name);
    const found = await this.find('readNotices', MEMBERS, { _id: { $in: ids } }, { limit: ids.length });
    return found.flatMap((document) => readableIn(() => this.reader(document).notice()));
  }

  async listMembers(name: string): Promise<Member[]> {
    const found = await this.find('listMembers', MEMBERS, { name }, { limit: MEMBERS_MAX });
    return found.flatMap((document) => readableIn(() => this.reader(document).member('_id')));
  }

  readOrders(asked: readonly OrdersAsked[]): Promise<SeenOrders[]> {
    return this.orders.readOrders(asked);
  }

  writeOrders(name: string, expectedVersion: number | null, change: OrdersChange): Promise<boolean> {
    return this.orders.writeOrders(name, expectedVersion, change);
  }

  putDrain(drain: Drain): Promise<void> {
    return this.orders.putDrain(drain);
  }

  removeDrain(key: string): Promise<void> {
    return this.orders.removeDrain(key);
  }

  listDrains(): Promise<Drain[]> {
    return this.orders.listDrains();
  }

  putPreferred(preferred: Preferred): Promise<void> {
    return this.orders.putPreferred(preferred);
  }

  putPresence(presence: Presence): Promise<void> {
    return this.presences.putPresence(presence);
  }

  readPresences(known: readonly string[]): Promise<Presence[]> {
    return this.presences.readPresences(known);
  }

  async putSuccess(success: Omit<Success, 'at'>): Promise<void> {
    const _id = successId(success.name, success.key);
    await this.commands.insert('putSuccess', LEASES, { _id, ...storedSuccess(success), at: new Date() });
  }

  async findSuccess(name: string, key: string): Promise<Success | null> {
    const _id = successId(name, key);
    const [found] = await this.find('findSuccess', LEASES, { _id }, { limit: 1 });
    return found === undefined ? null : readSuccess(found, this.commands.where(_id));
  }

  clockAhead(): Promise<number | null> {
    return this.serverClock.ahead();
  }

  takeSlot(take: SlotTake): Promise<TakenSlot> {
    return this.takenSlots.take(take);
  }

  private find(what: string, collection: string, filter: Fields, options: Fields): Promise<Fields[]> {
    return this.commands.find(what, collection, filter, options);
  }

  private reader(document: Fields): DocumentReader {
    return new DocumentReader(document, this.commands.where(document._id));
  }
}
