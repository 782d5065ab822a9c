/**
 * The store as one simulated process reaches it: every call is a message there and one back, with a fate that the world
 * decides. It may be carried out twice, or after its caller was told that it failed; its outcome is lost when the server
 * restarts before it was committed.
 */
import assert from 'node:assert/strict';
import { StoreError } from '../../../src/errors.ts';
import type { Beat, ManyStore } from '../../../src/store/manyStore.ts';
import type { Match } from '../../../src/store/matches.ts';
import type { Drain, OrdersAsked, OrdersChange, Preferred, SeenOrders } from '../../../src/store/orders.ts';
import type { BadEntry, Entry, OutboxStore } from '../../../src/store/outbox.ts';
import type {
  DeadTenure,
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
} from '../../../src/store/store.ts';
import type { TakenSlot } from '../../../src/store/takenSlots.ts';
import type { FullStore, TaskStore } from '../../../src/store/taskStore.ts';
import type { Clock } from '../../../src/time/clock.ts';
import type { ChangeBook } from '../../support/changeBook.ts';
import { MemoryOutbox } from '../../support/memoryOutbox.ts';
import { MemoryScheduleStore } from '../../support/memoryScheduleStore.ts';
import { sameVersion } from '../../support/memoryStore.ts';
import { lookAt } from '../../support/outcomes.ts';
import type { Timeline } from '../../support/skewedClock.ts';
import { answerTo, isStranger } from './company.ts';
import type { Conduct } from './conduct.ts';
import {
  addTasks,
  beaten,
  type Change,
  changeOrders,
  clearAttempts,
  type Database,
  type Documents,
  held,
  insertTerm,
  keepOutcomes,
  type LeaseDocument,
  markTask,
  ordersFor,
  type Primary,
  putLetter,
  putPreferred,
  relayTasks,
  setAttempts,
  setCheckpoint,
  setLease,
  settle,
  tasksAfter,
  trimOutcomes,
  trimTasks,
  trimTerms,
} from './database.ts';
import type { Plant } from './setting.ts';

export type CallName =
  | Exclude<keyof Store, 'open' | 'close' | 'onAvailable' | 'onHint' | 'wantHints'>
  | keyof TaskStore
  | keyof OutboxStore;

/** Of one message and its answer; all in ms. */
export interface Fate {
  /** When it arrives at the server: never, once, or twice. */
  readonly arrives: readonly number[];
  /** Between reading and writing a lease; 0 is atomic. */
  readonly gap: number;
  /** Until the answer is back; null: it never is. */
  readonly returns: number | null;
  /** When its caller is told that it failed, whatever becomes of it; null: not before its time limit. */
  readonly fails: number | null;
  /** Whether it goes to the primary that was cut off, if there is one. */
  readonly stale: boolean;
}

interface ConnectionParts {
  readonly timeline: Timeline;
  readonly database: Database;
  readonly clock: Clock;
  readonly leaseLimit: number;
  readonly taskLimit: number;
  /** Whether tasks that are done are deleted at once, or stay. */
  readonly trims: boolean;
  /** Whether there are users who write into the outbox. Without them it is empty, and asking it takes no time. */
  readonly hasOutbox: boolean;
  readonly plant: Plant | null;
  readonly conduct: Pick<Conduct, 'looking' | 'claims' | 'asks'>;
  /** Asked once per call. */
  fate(name: CallName): Fate;
  /** Returns how long the look at a batch of beats takes, in ms. */
  lookDelay(): number;
  /** The call is on its way. */
  sent(name: CallName): void;
  /** Takes an answer to the process, now or when it is no longer held up. */
  deliver(answer: () => boolean): void;
}

/** Answers a write that was committed, after what follows it. */
interface HowWritten {
  /** Whether nothing is there, so it is atomic everywhere. */
  readonly isInsert?: boolean;
  /** What the same transaction writes, if the lease is written. */
  readonly also?: Change | undefined;
  /** That its member knew when it made the call. */
  readonly epoch?: number;
}

type Tell<T> = (matched: boolean, primary: Primary, answer: (value: { readonly value: T }) => void) => void;

/** Carries a call out: `answer` once it is committed, `null` when that will never be. */
type CarryOut<T> = (primary: Primary, gap: number, answer: (value: { readonly value: T } | null) => void) => void;

const taskCalls: ReadonlySet<CallName> = new Set<CallName>([
  ...(['addTasks', 'queueState', 'tasksAfter', 'acknowledge', 'setAttempts', 'trimTasks', 'countTasks'] as const),
  ...([
    'relayTasks',
    'clearAttempts',
    'putDeadLetter',
    'countDeadLetters',
    'oldestDeadLetter',
    'claimDeadLetter',
    'removeDeadLetter',
    'findTask',
    'putChange',
    'openChanges',
    'takeChange',
    'answerChange',
    'readAnswer',
    'removeChange',
    'trimChanges',
    'markTask',
  ] as const),
  ...(['putEntries', 'namesWaiting', 'readEntries', 'markEntries', 'refuseEntries', 'removeEntries'] as const),
]);

/** What only a master asks for: a store that knows that it was emptied or replaced keeps it out of the next epoch. */
const masterCalls: ReadonlySet<CallName> = new Set<CallName>([
  ...(['beat', 'release', 'acknowledge', 'setAttempts', 'clearAttempts', 'trimTasks', 'putDeadLetter'] as const),
  ...(['takeChange', 'answerChange', 'markTask'] as const),
  ...(['relayTasks', 'markEntries', 'refuseEntries', 'removeEntries'] as const),
]);

/** The steps in which a master moves entries of the outbox. */
export const moveCalls: ReadonlySet<CallName> = new Set<CallName>([
  ...(['readEntries', 'markEntries', 'relayTasks', 'removeEntries'] as const),
]);

/**
 * Calls that are never carried out twice: what brings back what was, if it lands a second time. An insert of a task is stopped by the
 * number that it names.
 */
export const onceCalls: ReadonlySet<CallName> = new Set<CallName>(['beat', 'relayTasks', 'putEntries']);

/** Calls that go out a moment after they were asked, in worlds where a process has company. */
export const togetherCalls: ReadonlySet<CallName> = new Set<CallName>([
  ...(['beat', 'release', 'observe', 'highestTerm', 'compareAndSetLease', 'insertTerm'] as const),
  ...(['readNotices', 'putMember', 'removeMember'] as const),
]);

export class SimulatedConnection implements FullStore {
  readonly tasks: TaskStore;
  readonly outbox: OutboxStore;
  readonly many: ManyStore = {
    beatAll: (beats) => this.beatAll(beats),
    highestTerms: () => assert.fail('a process has one member, which reads alone'),
    claimAll: () => assert.fail('a process has one member, which claims alone'),
    insertTerms: () => assert.fail('a process has one member, which claims alone'),
    releaseAll: () => assert.fail('a process has one member, which releases alone'),
    observeAll: () => assert.fail('a process has one member, which looks alone'),
    readNoticesOf: () => assert.fail('a process has one member, which reads alone'),
    listMembersOf: () => assert.fail('a process has one member, which asks alone'),
    putMembers: () => assert.fail('a process has one member, which signs alone'),
    removeMembers: () => assert.fail('a process has one member, which signs off alone'),
  };
  /** Schedules have a simulation of their own. */
  readonly schedules = new MemoryScheduleStore();
  /** That of the last answer to `highestTerm`, with which a claim ends; 0: none yet. */
  epoch = 0;
  /** The looks and the steps of claims that were asked. */
  private steps = 0;
  /** What is asked now is the second write of a call that was made before, perhaps by a member that has stopped since. */
  isSecond = false;
  /** How many calls moved entries, and which of them was the last that was carried out. */
  private moves = 0;
  private movedLast = 0;

  constructor(private readonly parts: ConnectionParts) {
    this.tasks = this.taskStore();
    this.outbox = parts.hasOutbox ? this.outboxStore() : new MemoryOutbox().connect();
  }

  async open(): Promise<void> {}
  async close(): Promise<void> {}
  onAvailable(): () => void {
    return () => {};
  }
  onHint(): () => void {
    return () => {};
  }

  wantHints(): void {}

  async highestTerm(): Promise<Tip> {
    this.steps += 1;
    const { steps } = this;
    const tip = await this.read('highestTerm', ({ current }) => ({ ...current.tip, epoch: `${current.epoch}` }));
    // The elector takes no answer to what it asked before its last step.
    if (steps === this.steps) this.epoch = Number(tip.epoch);
    return tip;
  }

  observe([asked]: readonly Look[]): Promise<(Observation & SeenOrders)[]> {
    const after = (asked?.tip ?? 0) + 1;
    const wait = asked?.wait ?? 0;
    const { conduct } = this.parts;
    this.steps += 1;
    // Two documents are not one snapshot: the record is read first, and the lease later.
    const observed = this.call<(Observation & SeenOrders)[]>('observe', ({ current }, gap, answer) => {
      const newer = current.terms.has(after);
      this.after(gap, () => {
        const { lease, settledFor, epoch } = current;
        const settled = settledFor > 0 && settledFor >= wait;
        const orders = ordersFor(current, asked);
        answer({ value: [{ lease: lease?.lease ?? null, newer, settled, epoch: `${epoch}`, ...orders }] });
      });
    });
    const seen = conduct.looking(after - 1, () => `${this.epoch}`);
    return observed.then((observations) => {
      observations.forEach(seen);
      return observations;
    });
  }

  async settle(epoch: string, wait: number): Promise<void> {
    await this.write('settle', () => ({ change: settle(epoch, wait), answer: null }));
  }

  compareAndSetLease(_name: string, expected: Lease | null, next: Lease): Promise<boolean> {
    const claim = (document: LeaseDocument | null): LeaseDocument | null => {
      if (!sameVersion(document?.lease ?? null, expected)) return null;
      return { lease: next, done: document?.done ?? 0, burial: document?.burial ?? null };
    };
    this.steps += 1;
    this.parts.conduct.claims(expected, next);
    return this.writeLease('compareAndSetLease', claim, undefined, { isInsert: expected === null });
  }

  beat(tenure: Tenure, beat: number, progress: Progress): Promise<boolean> {
    return this.writeLease('beat', (document) => {
      const mine = held(document, tenure);
      return mine === null ? null : beaten(mine, beat, progress);
    });
  }

  /** One command for this beat and those of strangers, and the look that may follow it. */
  private async beatAll(beats: readonly Beat[]): Promise<(boolean | StoreError)[]> {
    const own = beats.find((beat) => !isStranger(beat));
    assert.ok(own !== undefined, 'strangers come with a beat of the process');
    const { tenure, beat, progress } = own;
    const decide = (document: LeaseDocument | null): LeaseDocument | null => {
      const mine = held(document, tenure);
      return mine === null ? null : beaten(mine, beat, progress);
    };
    const tell: Tell<Match[]> = (matched, primary, answer) => {
      // On its way for some time: the lease may be another by then.
      const shown = (): boolean => {
        const lease = primary.current.lease?.lease;
        return lease?.term === tenure.term && lease.holder === tenure.holder && lease.beat === beat;
      };
      this.after(this.parts.lookDelay(), () => answer({ value: answerTo(beats, matched, shown) }));
    };
    const matches = await this.writeLeaseAs('beat', decide, tell);
    return matches.map(
      (match) => match ?? new StoreError('ERR_STORE_UNAVAILABLE', 'it is not known which beats matched'),
    );
  }

  release(tenure: Tenure, beat: number, progress: Progress, died?: string): Promise<boolean> {
    const { watch } = this.parts.database;
    const release = (document: LeaseDocument | null): LeaseDocument | null => {
      const mine = held(document, tenure);
      if (mine === null) return null;
      const next = beaten(mine, beat, progress);
      return { ...next, lease: { ...next.lease, holder: null, ...(died === next.lease.claim ? { died: true } : {}) } };
    };
    return this.writeLease('release', release, (before) => {
      if (died === undefined) watch.released(tenure, before?.done ?? 0);
    });
  }

  releaseDead(tenure: DeadTenure): Promise<boolean> {
    return this.writeLease('releaseDead', (document) => {
      const its = held(document, tenure);
      return its?.lease.claim === tenure.claim ? { ...its, lease: { ...its.lease, holder: null, died: true } } : null;
    });
  }

  /** Always atomic: a unique key is what even the weakest server has. */
  insertTerm(record: TermRecord): ReturnType<Store['insertTerm']> {
    this.steps += 1;
    return this.write('insertTerm', (primary) => {
      const { change, answer } = insertTerm(primary, record);
      return { change, answer: answer === null ? { inserted: true } : { inserted: false, claim: answer } };
    });
  }

  /** At once, as nothing depends on it. */
  async trimTerms(_name: string, below: number): Promise<void> {
    const { main, down } = this.parts.database;
    if (!down) main.write(trimTerms(below), () => {});
  }
  async putNotice(): Promise<void> {
    assert.fail('members that agree write no notices');
  }
  async readNotices(): Promise<Notice[]> {
    return [];
  }
  async putMember(): Promise<void> {}
  async removeMember(): Promise<void> {}
  async listMembers(): Promise<Member[]> {
    return [];
  }
  readOrders(asked: readonly OrdersAsked[]): Promise<SeenOrders[]> {
    return this.read('readOrders', ({ current }) => asked.map((each) => ordersFor(current, each)));
  }
  writeOrders(name: string, expected: number | null, change: OrdersChange): Promise<boolean> {
    return this.write('writeOrders', (primary) => changeOrders(primary, name, expected, change));
  }
  async putDrain(): Promise<void> {}
  async removeDrain(): Promise<void> {}
  async listDrains(): Promise<Drain[]> {
    return [];
  }
  async putPreferred(preferred: Preferred): Promise<void> {
    await this.write('putPreferred', () => ({ change: putPreferred(preferred), answer: null }));
  }
  async putPresence(): Promise<void> {}
  async readPresences(): Promise<[]> {
    return [];
  }
  async putSuccess(): Promise<void> {}
  async findSuccess(): Promise<null> {
    return null;
  }
  async clockAhead(): Promise<'none'> {
    return 'none';
  }
  async takeSlot(): Promise<TakenSlot> {
    return { taken: true };
  }

  private taskStore(): TaskStore {
    const { clock, database, trims, plant } = this.parts;
    const acknowledgesAnyTerm = plant === 'acknowledges-any-term';
    const forgetsTasks = plant === 'forgets-stored-tasks';
    const done = async (written: Promise<null>): Promise<void> => void (await written);
    return {
      addTasks: (_name, tasks) =>
        this.write('addTasks', (primary) => {
          const { change, answer } = addTasks(primary, tasks, new Date(clock.wall()));
          const committed = (): void => {
            for (const [index, result] of answer.entries()) {
              const task = tasks[index];
              if (result.type === 'stored' && task !== undefined) database.watch.stored(result.seq, task.id);
            }
          };
          // A planted bug: some of what is said to be stored is not.
          return { change: forgetsTasks && tasks.length === 2 ? () => {} : change, answer, committed };
        }),
      relayTasks: (tenure, tasks) => {
        this.moves += 1;
        const { moves } = this;
        return this.write('relayTasks', (primary) => {
          // A store that deletes tasks at once looks at the lease. One that keeps them for a minute need not.
          const isDeposed = held(primary.current.lease, tenure) === null;
          // What the next call of the same process has found or stored is in its way: a number, or an id.
          const isLate = moves < this.movedLast;
          this.movedLast = Math.max(this.movedLast, moves);
          if (isLate || (trims && isDeposed)) return { change: () => {}, answer: null };
          const { change, answer } = relayTasks(primary, tasks, new Date(clock.wall()));
          const committed = (): void => {
            for (const [index, result] of answer.entries()) {
              const task = tasks[index];
              if (task === undefined || result.type === 'relayed') continue;
              const { id, origin } = task;
              if (result.type === 'stored') database.watch.stored(result.seq, id, { origin, isDeposed });
              else database.watch.refused(task.origin);
            }
          };
          return { change, answer, committed };
        });
      },
      queueState: () =>
        this.read('queueState', ({ committed }) => ({
          done: committed.done,
          burial: committed.lease?.burial ?? null,
        })),
      tasksAfter: (_name, seq, limit) => this.read('tasksAfter', (primary) => tasksAfter(primary, seq, limit)),
      acknowledge: async (tenure, { number, done: through, burial, outcomes = [] }) => {
        // Of both writes: what its member hears in between changes nothing of a call that it has made.
        const { epoch } = this;
        // The embedded store, the one that trims at once, writes both in one transaction.
        const isSecond = outcomes.length > 0 && !trims;
        if (isSecond) await this.write('putOutcomes', () => ({ change: keepOutcomes(outcomes), answer: null }));
        const acknowledge = (document: LeaseDocument | null): LeaseDocument | null => {
          const mine = acknowledgesAnyTerm ? document : held(document, tenure);
          if (mine === null || (mine.lease.ack >= number && !acknowledgesAnyTerm)) return null;
          return { lease: { ...mine.lease, ack: number }, done: Math.max(mine.done, through), burial };
        };
        const committed = (): void => database.watch.acknowledged(tenure, through, burial);
        const also = outcomes.length > 0 && trims ? keepOutcomes(outcomes) : undefined;
        this.isSecond = isSecond;
        try {
          return this.writeLease('acknowledge', acknowledge, committed, { also, epoch });
        } finally {
          this.isSecond = false;
        }
      },
      setAttempts: ({ term }, record) =>
        done(this.write('setAttempts', () => ({ change: setAttempts(term, record), answer: null }))),
      clearAttempts: (_name, seq, recordedBy) =>
        done(this.write('clearAttempts', () => ({ change: clearAttempts(seq, recordedBy), answer: null }))),
      setCheckpoint: ({ term }, checkpoint) =>
        this.write('setCheckpoint', (primary) => setCheckpoint(primary, term, checkpoint)),
      putOutcomes: (_name, outcomes) =>
        done(this.write('putOutcomes', () => ({ change: keepOutcomes(outcomes), answer: null }))),
      readOutcomes: (_name, ids, later) =>
        this.read('readOutcomes', ({ committed: { done, tasks, outcomes: kept, outbox } }) =>
          lookAt(ids, done, tasks.values(), kept, later, outbox.lines.values()),
        ),
      trimOutcomes: (_name, before) =>
        this.write('trimOutcomes', () => ({ change: trimOutcomes(before), answer: true })),
      trimTasks: (_name, through) =>
        trims
          ? done(this.write('trimTasks', (primary) => ({ change: trimTasks(primary, through), answer: null })))
          : Promise.resolve(),
      countTasks: () =>
        this.read('countTasks', ({ committed }) => ({
          queued: committed.next - 1 - committed.done,
          dead: committed.letters.size,
          headAt: null,
        })),
      putDeadLetter: (letter) =>
        this.write('putDeadLetter', ({ current: { letters } }) => ({
          change: putLetter(letter),
          answer: (letters.get(letter.seq)?.id ?? letter.id) === letter.id,
        })),
      countDeadLetters: () => this.read('countDeadLetters', ({ committed }) => committed.letters.size),
      oldestDeadLetter: (_name, id) =>
        this.read('oldestDeadLetter', ({ committed }) => {
          const letter = [...committed.letters.values()].find((each) => each.id === id);
          return letter === undefined ? null : { ...letter, claim: null };
        }),
      deadLettersAfter: () => assert.fail('no simulated member lists letters'),
      deadLetterAt: () => assert.fail('no simulated member lists letters'),
      findTask: (_name, id) =>
        this.read('findTask', ({ committed }) => {
          const seq = committed.numbers.get(id);
          const task = seq === undefined ? undefined : committed.tasks.get(seq);
          return task === undefined || task.cancelled === true ? null : { seq: task.seq };
        }),
      putChange: (change, most) =>
        this.write('putChange', ({ current }) => ({
          change: ({ changes }) => void changes.put(change, most),
          answer: current.changes.open(most).length < most,
        })),
      openChanges: (_name, limit, except) =>
        this.read('openChanges', ({ committed }) => committed.changes.open(limit, except)),
      takeChange: (_name, id, term) => this.changed('takeChange', (changes) => changes.take(id, term)),
      answerChange: (_name, id, term, answer) =>
        this.changed(
          'answerChange',
          (changes) => changes.answer(id, term, answer),
          (isAnswered, { changes }) => {
            const seq = changes.seqOf(id);
            if (isAnswered && answer === 'removed' && seq !== undefined) database.watch.toldRemoved(seq);
          },
        ),
      readAnswer: (_name, id) => this.read('readAnswer', ({ committed }) => committed.changes.read(id)),
      removeChange: (_name, id) => done(this.changed('removeChange', (changes) => changes.remove(id)).then(() => null)),
      trimChanges: (_name, before) =>
        done(this.changed('trimChanges', (changes) => changes.trim(before)).then(() => null)),
      markTask: ({ term }, mark) =>
        done(
          this.write('markTask', ({ committed: { tasks } }) => ({
            change: markTask(term, mark),
            answer: null,
            committed: () => {
              if (tasks.get(mark.seq)?.cancelled === true) database.watch.cancelled(mark.seq);
            },
          })),
        ),
      // No simulated member puts a letter back.
      claimDeadLetter: () => this.write('claimDeadLetter', () => ({ change: () => {}, answer: true })),
      removeDeadLetter: (_name, seq) =>
        done(
          this.write('removeDeadLetter', () => ({
            change: (documents) => void documents.letters.delete(seq),
            answer: null,
          })),
        ),
    };
  }

  private outboxStore(): OutboxStore {
    const { clock, database, lookDelay } = this.parts;
    const done = async (written: Promise<null>): Promise<void> => void (await written);
    return {
      putEntries: (_name, entries) =>
        this.write('putEntries', ({ current }) => {
          const trial = current.outbox.clone();
          const answer = entries.map((entry) => trial.put(entry));
          const stored = entries.filter((_, index) => answer[index]);
          return {
            answer,
            change: ({ outbox }) => {
              for (const entry of stored) outbox.put(entry);
            },
            committed: () => {
              for (const entry of stored) database.watch.entered(entry);
            },
          };
        }),
      namesWaiting: (names, now) =>
        this.read('namesWaiting', ({ committed: { outbox } }) => (outbox.read(now, 1).length > 0 ? [...names] : [])),
      readEntries: (_name, now, most) => {
        assert.equal(now.getTime(), new Date(clock.wall()).getTime(), 'entries are due by the clock of who reads them');
        database.watch.entriesAsked(clock.wall());
        // A primary that was cut off does not answer: what was written before is seen. The marked ones are read first.
        return this.call('readEntries', (primary, _gap, answer) => {
          if (primary !== database.main) return answer(null);
          const marked = primary.committed.outbox.read(now, Number.POSITIVE_INFINITY).filter(isMarked).slice(0, most);
          this.after(lookDelay(), () => {
            if (primary !== database.main || database.down) return answer(null);
            const all = primary.committed.outbox.read(now, Number.POSITIVE_INFINITY);
            const others = all.filter((entry) => !isMarked(entry));
            answer({ value: [...marked, ...others.slice(0, most - marked.length)] });
          });
        });
      },
      markEntries: (_name, entries) =>
        done(this.write('markEntries', () => ({ change: ({ outbox }) => outbox.mark(entries), answer: null }))),
      refuseEntries: (_name, entries) =>
        done(this.write('refuseEntries', () => ({ change: ({ outbox }) => outbox.refuse(entries), answer: null }))),
      removeEntries: (_name, entries) =>
        done(
          this.write('removeEntries', ({ current: { outbox } }) => {
            const there = entries.filter(({ origin }) => outbox.lines.has(origin));
            return {
              change: (documents) => documents.outbox.remove(there),
              answer: null,
              committed: () => {
                for (const { origin } of there) database.watch.left(origin);
              },
            };
          }),
        ),
      outboxPlace: async () => ({ database: 'simulated', epoch: `${this.epoch}` }),
    };
  }

  /** Changes a request, and answers what the primary has made of it. */
  private changed<T>(
    name: CallName,
    change: (changes: ChangeBook) => T,
    committed: (answer: T, documents: Documents) => void = () => {},
  ): Promise<T> {
    return this.write(name, (primary) => {
      const answer = change(primary.current.changes.clone());
      return {
        answer,
        change: ({ changes }) => void change(changes),
        committed: () => committed(answer, primary.committed),
      };
    });
  }

  private read<T>(name: CallName, look: (primary: Primary) => T): Promise<T> {
    return this.call(name, (primary, _gap, answer) => answer({ value: look(primary) }));
  }

  private write<T>(
    name: CallName,
    decide: (primary: Primary) => {
      readonly change: (documents: Documents) => void;
      readonly answer: T;
      readonly committed?: () => void;
    },
  ): Promise<T> {
    const { epoch } = this;
    return this.call(name, (primary, _gap, answer) => {
      if (masterCalls.has(name) && epoch !== primary.current.epoch) return answer(null);
      const { change, answer: value, committed } = decide(primary);
      primary.write(change, (isCommitted) => {
        if (isCommitted) committed?.();
        answer(isCommitted ? { value } : null);
      });
    });
  }

  /** `committed` is told of the document that was there. */
  private writeLease(
    name: CallName,
    decide: (document: LeaseDocument | null) => LeaseDocument | null,
    committed: (before: LeaseDocument | null) => void = () => {},
    how: HowWritten = {},
  ): Promise<boolean> {
    return this.writeLeaseAs<boolean>(name, decide, (value, _, answer) => answer({ value }), committed, how);
  }

  /** `tell` answers, once it is committed, whether something was written. */
  private writeLeaseAs<T>(
    name: CallName,
    decide: (document: LeaseDocument | null) => LeaseDocument | null,
    tell: Tell<T>,
    committed: (before: LeaseDocument | null) => void = () => {},
    { isInsert = false, also, epoch = this.epoch }: HowWritten = {},
  ): Promise<T> {
    const { database } = this.parts;
    return this.call(name, (primary, drawn, answer) => {
      // An insert is atomic everywhere, by its unique key.
      const gap = isInsert ? 0 : drawn;
      const before = primary.current.lease;
      const isKnown = !masterCalls.has(name) || epoch === primary.current.epoch;
      const next = isKnown ? decide(before) : null;
      this.after(gap, () => {
        if (gap > 0 && (primary !== database.main || database.down)) return answer(null);
        const change: Change = (documents) => {
          if (next === null) return;
          setLease(next)(documents);
          also?.(documents);
        };
        primary.write(change, (isCommitted) => {
          if (isCommitted && next !== null) committed(before);
          if (isCommitted) tell(next !== null, primary, answer);
          else answer(null);
        });
      });
    });
  }

  private call<T>(name: CallName, carryOut: CarryOut<T>): Promise<T> {
    const { clock, leaseLimit, taskLimit, database, deliver, fate: decide, sent } = this.parts;
    this.parts.conduct.asks(name);
    const { arrives, gap, returns, fails, stale } = decide(name);
    const limit = fails ?? (taskCalls.has(name) ? taskLimit : leaseLimit);
    return new Promise((resolve, reject) => {
      let settled = false;
      const settle = (by: () => void): void =>
        deliver(() => {
          if (settled) return false;
          settled = true;
          cancel();
          by();
          return true;
        });
      const fail = (why: string): void =>
        settle(() => reject(new StoreError('ERR_STORE_UNAVAILABLE', `${name} ${why}`)));
      const cancel = clock.at(clock.now() + limit, () => {
        if (settled) return;
        settled = true;
        reject(new StoreError('ERR_STORE_UNAVAILABLE', `${name} was not answered in time`));
      });
      const answer = (value: { readonly value: T } | null): void => {
        if (returns === null || settled) return;
        this.after(returns, () => {
          if (value === null) fail('lost its connection');
          else settle(() => resolve(value.value));
        });
      };
      for (const there of arrives) {
        this.after(there, () => {
          if (database.down) return answer(null);
          carryOut((stale ? database.stale : null) ?? database.main, gap, answer);
        });
      }
      sent(name);
    });
  }

  private after(ms: number, then: () => void): void {
    const { timeline } = this.parts;
    if (ms === 0) then();
    else timeline.at(timeline.now() + ms, then);
  }
}

function isMarked(entry: Entry | BadEntry): boolean {
  return 'marked' in entry && entry.marked;
}
