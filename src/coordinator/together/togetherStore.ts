/** The store as the members of one coordinator share it: what they ask in one turn goes out as one call. */

import type { Beat, Claiming, Releasing } from '../../store/manyStore.js';
import { NotSentError, OvertakenError } from '../../store/notSent.js';
import type { SeenOrders } from '../../store/orders.js';
import type { Look, Member, Notice, Observation, Store, TermRecord, Tip } from '../../store/store.js';
import type { FullStore } from '../../store/taskStore.js';
import type { Clock } from '../../time/clock.js';
import { CallSize } from './callSize.js';
import { Together, tell } from './together.js';

interface TogetherStoreParts {
  readonly clock: Clock;
  /** How long a call on which a lease hangs may take, in ms. */
  readonly limit: number;
  /** As the size of calls has it (`callSize.ts`); false by default. */
  readonly isLocal?: boolean;
  /** Calls back when the timers that are due have run. */
  soon?(callback: () => void): void;
  /** Returns what hears how the beat fares that this holder has just decided on, in this term. */
  decided?(holder: string, term: number): Sending | undefined;
}

/** What hears how one beat fares. */
export interface Sending {
  /** It has been handed to the store. */
  sent(): void;
  /** Its turn did not come, so another one goes in its place. */
  refused(): void;
}

/** A beat, with what hears of it. */
interface Sent {
  readonly beat: Beat;
  readonly sending: Sending | undefined;
}

/** `beats`, `looks`: what a call may hold, as the frequent ones know it. */
type Common = Required<Omit<TogetherStoreParts, 'decided'>> & {
  readonly beats: CallSize;
  readonly looks: CallSize;
  readonly opening: Opening;
};

/** On beats and releases a lease hangs, and they are few where one is in trouble: then each goes by itself. */
const held = { splitsIfSlow: true, isRead: false } as const;
/** A look sees what is there when it is sent, whenever that is. */
const looking = { splitsIfSlow: false, isRead: true } as const;
const other = { splitsIfSlow: false, isRead: false } as const;

/** Returns a store of the same calls. Those that are not made for many subsystems at once go out as they are. */
export function togetherStore(store: FullStore, parts: TogetherStoreParts): FullStore {
  const { clock, limit, isLocal = false, soon = setImmediate, decided = () => undefined } = parts;
  const opening = new Opening(() => store.open());
  const size = () => new CallSize(limit, { isLocal });
  const common = { clock, limit, isLocal, soon, opening, beats: size(), looks: size() };
  return {
    ...store,
    ...leaseCalls(store, { ...common, decided }),
    ...claimCalls(store, common),
    ...lineCalls(store, common),
  };
}

function leaseCalls(
  store: FullStore,
  { decided, ...common }: Common & Required<Pick<TogetherStoreParts, 'decided'>>,
): Pick<Store, 'beat' | 'release' | 'observe'> {
  const { many } = store;
  const { opening } = common;
  const beats = new Together<Sent, boolean>({
    ...common,
    what: 'beat',
    size: common.beats,
    ...held,
    keyOf: ({ beat }) => beat.tenure.name,
    sent: ({ sending }) => sending?.sent(),
    all: (asked) => many.beatAll(asked.map(({ beat }) => beat)),
    one: ({ beat: { tenure, beat, progress } }) => store.beat(tenure, beat, progress),
  });
  const releases = new Together<Releasing, boolean>({
    ...common,
    what: 'release',
    size: sizeLike(common, common.beats),
    ...held,
    keyOf: ({ tenure }) => tenure.name,
    all: (asked) => many.releaseAll(asked),
    one: ({ tenure, beat, progress, died }) => store.release(tenure, beat, progress, died),
  });
  const looks = new Together<Look, Observation & SeenOrders>({
    ...common,
    what: 'observe',
    size: common.looks,
    ...looking,
    keyOf: ({ name }) => name,
    all: (asked) => many.observeAll(asked),
    one: async (look) => only(await store.observe([look])),
  });
  return {
    beat: (tenure, beat, progress, isEarly) => {
      const sending = decided(tenure.holder, tenure.term);
      if (isEarly !== true) {
        const answer = opening.ask(beats, { beat: { tenure, beat, progress }, sending });
        return sending === undefined ? answer : tellIfRefused(answer, sending);
      }
      return opening.first(() => {
        // With what the work has done, which may be much: the others need not wait for it, and an older one must not undo it.
        const overtaken = beats.overtake(tenure.name);
        for (const { sending: older } of overtaken) older?.refused();
        const answer = store.beat(tenure, beat, progress);
        tell(() => sending?.sent());
        return answer;
      });
    },
    release: (tenure, beat, progress, died) =>
      opening.ask(releases, { tenure, beat, progress, ...(died === undefined ? {} : { died }) }),
    observe: async (asked) => Promise.all(asked.map((look) => opening.ask(looks, look))),
  };
}

function claimCalls(
  store: FullStore,
  common: Common,
): Pick<Store, 'highestTerm' | 'compareAndSetLease' | 'insertTerm'> {
  const { many } = store;
  const { opening } = common;
  const tips = new Together<string, Tip>({
    ...common,
    what: 'highestTerm',
    size: sizeLike(common, common.looks),
    ...looking,
    keyOf: (name) => name,
    all: (names) => many.highestTerms(names),
    one: (name) => store.highestTerm(name),
  });
  const claims = new Together<Claiming, boolean>({
    ...common,
    what: 'compareAndSetLease',
    size: sizeLike(common, common.beats),
    ...other,
    keyOf: ({ name }) => name,
    all: (asked) => many.claimAll(asked),
    one: ({ name, expected, next }) => store.compareAndSetLease(name, expected, next),
  });
  const records = new Together<TermRecord, Awaited<ReturnType<Store['insertTerm']>>>({
    ...common,
    what: 'insertTerm',
    size: sizeLike(common, common.beats),
    ...other,
    keyOf: ({ name }) => name,
    all: (asked) => many.insertTerms(asked),
    one: (record) => store.insertTerm(record),
  });
  return {
    highestTerm: (name) => opening.ask(tips, name),
    compareAndSetLease: (name, expected, next) => opening.ask(claims, { name, expected, next }),
    insertTerm: (record) => opening.ask(records, record),
  };
}

/** What people look at, and what members of one name tell each other. */
function lineCalls(
  store: FullStore,
  common: Common,
): Pick<Store, 'readNotices' | 'listMembers' | 'putMember' | 'removeMember'> {
  const { many } = store;
  const { opening } = common;
  const notices = new Together<string, Notice[]>({
    ...common,
    what: 'readNotices',
    // All notices that there are come with one answer, however few members ask for them.
    size: new CallSize(common.limit, common.isLocal ? { isLocal: true } : { isOne: true }),
    ...other,
    keyOf: (name) => name,
    all: (names) => many.readNoticesOf(names),
    one: (name) => store.readNotices(name),
  });
  const members = new Together<string, Member[]>({
    ...common,
    what: 'listMembers',
    size: sizeLike(common, common.looks),
    ...other,
    keyOf: (name) => name,
    all: (names) => many.listMembersOf(names),
    one: (name) => store.listMembers(name),
  });
  const lines = new Together<Member, null>({
    ...common,
    what: 'putMember',
    size: sizeLike(common, common.beats),
    ...other,
    keyOf: ({ id }) => id,
    all: (members) => many.putMembers(members).then(() => members.map(() => null)),
    one: (member) => store.putMember(member).then(() => null),
  });
  const farewells = new Together<string, null>({
    ...common,
    what: 'removeMember',
    size: sizeLike(common, common.beats),
    ...other,
    keyOf: (id) => id,
    all: (ids) => many.removeMembers(ids).then(() => ids.map(() => null)),
    one: (id) => store.removeMember(id).then(() => null),
  });
  return {
    readNotices: (name) => opening.ask(notices, name),
    listMembers: (name) => opening.ask(members, name),
    putMember: (member) => opening.ask(lines, member).then(() => {}),
    removeMember: (id) => opening.ask(farewells, id).then(() => {}),
  };
}

async function tellIfRefused<T>(answer: Promise<T>, sending: Sending): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof NotSentError && !(error instanceof OvertakenError)) sending.refused();
    throw error;
  }
}

/** Has calls wait for the store to open before they wait for a turn: opening takes its time, and is no call that is slow. */
class Opening {
  private isOver = false;

  constructor(private readonly open: () => Promise<void>) {}

  ask<Asked, Answer>(together: Together<Asked, Answer>, asked: Asked): Promise<Answer> {
    return this.isOver ? together.ask(asked) : this.opened(() => together.ask(asked));
  }

  first<T>(call: () => Promise<T>): Promise<T> {
    return this.isOver ? call() : this.opened(call);
  }

  private async opened<T>(call: () => Promise<T>): Promise<T> {
    await this.open();
    this.isOver = true;
    return call();
  }
}

function sizeLike({ limit, isLocal }: Common, like: CallSize): CallSize {
  return new CallSize(limit, { isLocal, like });
}

function only<T>([answer]: readonly T[]): T {
  if (answer === undefined) throw new Error('the store answered a look with nothing');
  return answer;
}
