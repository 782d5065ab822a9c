/**
 * Submits, beside the plain load, tasks of every other kind, each by itself:
 *
 *   later      due in some seconds: `submitWork(task, { at })`, or a document in the outbox, as another language puts it there
 *   unique     with `uniqueFor`, submitted twice: lines `unique ID STORED`
 *   cancelled  behind one that takes its time, and cancelled while it waits or runs
 *   climbing   with checkpoints
 *   updated    behind one that takes its time, and given two other payloads while it waits or runs
 *   postponed  which asks once to be tried again later
 *   ill        it becomes a dead letter, and would no more once it is put back later: a line `ill ID OF` before it is submitted
 *
 * And now and then all dead letters of one illness are put back, or some of them.
 *
 * A line `due ID TIME` is written before what is due later is submitted. Of that no call is made again: what failed may be stored or
 * not, and is not to be twice.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ManagedCluster } from 'mongo-failover';
import { BSON, type Collection, MongoClient } from 'mongodb';
import type { LineFile } from '../lineFile.ts';
import type { Task } from '../task.ts';
import type { Asker } from './asker.ts';
import { mustBeOfStore } from './submitter.ts';
import { monotonic, type TrueTime } from './trueTime.ts';

/** After a failure, in ms. */
const REST = 50;
/** Of tasks that are due later: after how long at least and at most, in ms. */
const DUE = { least: 100, most: 3000 };
/** How many of the documents that are put into the outbox can become no task; and when they are due, as far as the checker knows. */
const BAD = 0.15;
const NEVER = 8.64e15;
/** How long an id stays taken, in ms: clocks that are off by half a day change nothing. */
const UNIQUE_FOR = 36 * 3_600_000;
/** What a task that is to be cancelled waits for, and takes itself, in ms. */
const SLOW = 120;
const VICTIM = 150;
/** The second submission, and the cancel, come after so long at most, in ms. */
const AGAIN_MAX = 1500;
const CANCEL_MAX = 250;
/** Of tasks that are to be updated: what they take; the first update comes after so long at most, in ms. */
const UPDATED = 30;
const UPDATE_MAX = 250;
/** For how long a task postpones itself at least and at most, in ms. */
const POSTPONE = { least: 40, most: 140 };
/** How long a task is ill at least and at most, in ms; what of; and how many letters are put back at once at most. */
const ILL = { least: 3000, most: 20_000 };
const illnesses = ['measles', 'mumps'] as const;
const REQUEUE_MAX = 4;

interface ExtrasParts {
  readonly name: string;
  readonly cluster: ManagedCluster<Task>;
  readonly history: LineFile;
  readonly asker: Asker;
  readonly time: TrueTime;
  readonly random: () => number;
  /** Of the outbox, past all proxies, where it may be written without a cluster. */
  readonly outbox?: Collection | undefined;
}

export class Extras {
  private count = 0;
  private over = false;
  private looping = Promise.resolve();
  private readonly open = new Set<Promise<void>>();
  /** When all is due that was submitted, by the true time. */
  private allDue = 0;
  private readonly kinds: readonly ((id: string) => Promise<void>)[];

  constructor(private readonly parts: ExtrasParts) {
    const { outbox } = parts;
    this.kinds = [
      (id) => this.later(id),
      (id) => (outbox === undefined ? this.later(id) : this.insert(id, outbox)),
      (id) => this.unique(id),
      (id) => this.cancelled(id),
      (id) => this.climbing(id),
      (id) => this.updated(id),
      (id) => this.postponed(id),
      (id) => this.ill(id),
      () => this.requeue(),
    ];
  }

  /** One each `every` ms, each kind in turn. */
  start(every: number): void {
    this.looping = this.loop(every);
  }

  /** Resolves when what was begun is stored, and due. */
  async end(): Promise<void> {
    this.over = true;
    await this.looping;
    while (this.open.size > 0) await Promise.all(this.open);
    await sleep(Math.max(0, this.allDue - this.parts.time.now()));
  }

  /** Puts all dead letters back. Returns whether there was none. */
  async requeueLast(): Promise<boolean> {
    for (;;) {
      const met = await this.parts.asker.requeue();
      if (typeof met === 'number') return met === 0;
      await sleep(REST);
    }
  }

  /** Stores a task that comes after all that was due by now. */
  async last(id: string): Promise<void> {
    const { cluster, time } = this.parts;
    for (;;) {
      const sent = process.hrtime.bigint();
      try {
        await cluster.submitWork({ id, ms: 0 }, { at: Math.round(time.now()) });
        return this.stored(id, sent);
      } catch (error) {
        mustBeOfStore(error);
        await sleep(REST);
      }
    }
  }

  private async loop(every: number): Promise<void> {
    // Not all submitters with the same kind at once.
    for (let turn = Math.floor(this.parts.random() * this.kinds.length); !this.over; turn += 1) {
      const kind = this.kinds[turn % this.kinds.length];
      this.count += 1;
      if (kind !== undefined) this.follow(kind(`${this.parts.name}+${this.count}`));
      await sleep(every * (0.5 + this.parts.random()));
    }
  }

  private follow(begun: Promise<void>): void {
    this.open.add(begun);
    void begun.then(() => this.open.delete(begun));
  }

  private drawDue(): number {
    const due = Math.round(this.parts.time.now() + DUE.least + (DUE.most - DUE.least) * this.parts.random());
    this.allDue = Math.max(this.allDue, due);
    return due;
  }

  private async later(id: string): Promise<void> {
    const { cluster } = this.parts;
    const at = this.drawDue();
    this.note('due', id, { due: at });
    const sent = process.hrtime.bigint();
    try {
      // By turns as the two that it may be.
      await cluster.submitWork({ id, ms: 1 }, { at: at % 2 === 0 ? at : new Date(at) });
      this.stored(id, sent);
    } catch (error) {
      mustBeOfStore(error);
    }
  }

  /** As docs/guide/transactions.md says, with an `_id` of either kind; and now and then a payload that is none. */
  private async insert(id: string, outbox: Collection): Promise<void> {
    const { random, time } = this.parts;
    const isBad = random() < BAD;
    const isLater = !isBad && random() < 0.5;
    const at = isLater ? this.drawDue() : time.now();
    this.note('due', id, { due: isBad ? NEVER : isLater ? at : 0 });
    const payload = isBad ? 'no task' : new BSON.Binary(BSON.serialize({ id, ms: 1 }));
    const named: object = random() < 0.5 ? { _id: `order/${id}`, origin: `order/${id}` } : {};
    const sent = process.hrtime.bigint();
    try {
      await outbox.insertOne({ ...named, name: 'chaos', key: id, payload, ...(isLater ? { at: new Date(at) } : {}) });
      if (!isBad) this.stored(id, sent);
    } catch {
      // The server is away: it may be there or not.
    }
  }

  private async unique(id: string): Promise<void> {
    await this.submitUnique(id);
    await sleep(AGAIN_MAX * this.parts.random());
    await this.submitUnique(id);
  }

  private async submitUnique(id: string): Promise<void> {
    const { cluster } = this.parts;
    for (;;) {
      const sent = process.hrtime.bigint();
      try {
        const { stored } = await cluster.submitWork({ id, ms: 1 }, { wait: true, uniqueFor: UNIQUE_FOR });
        this.note('unique', id, { stored, sent });
        return this.stored(id, sent);
      } catch (error) {
        mustBeOfStore(error);
        await sleep(REST);
      }
    }
  }

  private async cancelled(id: string): Promise<void> {
    const { random, asker } = this.parts;
    const victim: Task = { id, ms: VICTIM, sleeps: true, ...(random() < 0.7 ? { obeys: true } : {}) };
    const running = random() < 0.6;
    const slow = this.submit({ id: `${id}-before`, ms: SLOW, sleeps: true });
    await this.submit(victim);
    await sleep(CANCEL_MAX * random());
    asker.cancel(id, running);
    await slow;
  }

  private async climbing(id: string): Promise<void> {
    const fails = this.parts.random() < 0.5;
    await this.submit({ id, ms: 0, steps: 5, ...(fails ? { fails } : {}) });
  }

  /** Some fail at their first attempt, so the second one has another payload than the first. */
  private async updated(id: string): Promise<void> {
    const { random, asker } = this.parts;
    const task: Task = { id, ms: UPDATED, sleeps: true, ...(random() < 0.4 ? { fails: true } : {}) };
    const slow = this.submit({ id: `${id}-before`, ms: SLOW, sleeps: true });
    await this.submit(task);
    await sleep(UPDATE_MAX * random());
    await asker.update({ ...task, version: 1 });
    if (random() < 0.5) await asker.update({ ...task, version: 2 });
    await slow;
  }

  private async postponed(id: string): Promise<void> {
    const postpones = Math.round(POSTPONE.least + (POSTPONE.most - POSTPONE.least) * this.parts.random());
    await this.submit({ id, ms: 0.5, postpones });
  }

  private async ill(id: string): Promise<void> {
    const of = this.drawIllness();
    const lasts = ILL.least + (ILL.most - ILL.least) * this.parts.random();
    this.note('ill', id, { of });
    await this.submit({ id, ms: 0.5, ill: { of, until: monotonic() + lasts } });
  }

  private async requeue(): Promise<void> {
    const { random, asker } = this.parts;
    const limit = random() < 0.5 ? { limit: 1 + Math.floor(random() * REQUEUE_MAX) } : {};
    await asker.requeue({ of: this.drawIllness(), ...limit });
  }

  private drawIllness(): string {
    return this.parts.random() < 0.5 ? illnesses[0] : illnesses[1];
  }

  private async submit(task: Task): Promise<void> {
    for (;;) {
      const sent = process.hrtime.bigint();
      try {
        await this.parts.cluster.submitWork(task, { wait: true });
        return this.stored(task.id, sent);
      } catch (error) {
        mustBeOfStore(error);
        this.note('again', task.id, {});
        await sleep(REST);
      }
    }
  }

  /** In no order with others. */
  private stored(id: string, sent: bigint): void {
    const { name } = this.parts;
    this.note('stored', id, { submitter: `${name}/${id}`, batch: 0, index: 0, first: true, sent });
  }

  private note(what: string, id: string, more: Record<string, unknown>): void {
    this.parts.history.write({ what, at: process.hrtime.bigint(), id, ...more });
  }
}

/** The outbox of a server. */
export async function openOutbox(uri: string): Promise<{ collection: Collection; close(): Promise<void> }> {
  const client = await new MongoClient(uri, {
    ...{ retryWrites: false, serverSelectionTimeoutMS: 3000, socketTimeoutMS: 15_000 },
    writeConcern: { w: 'majority', journal: true },
  }).connect();
  return { collection: client.db().collection('failover_outbox'), close: () => client.close() };
}
