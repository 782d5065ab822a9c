/** The store as the members of one coordinator share it: what they ask in one turn goes out as one call. */

import type { Beat } from '../../store/manyStore.js';
import type { SeenOrders } from '../../store/orders.js';
import type { Look, Member, Notice, Observation } from '../../store/store.js';
import type { FullStore } from '../../store/taskStore.js';
import type { Clock } from '../../time/clock.js';
import { Together } from './together.js';

interface TogetherStoreParts {
  readonly clock: Clock;
  /** How long a call on which a lease hangs may take, in ms. */
  readonly limit: number;
  /** Calls back when the timers that are due have run. */
  soon?(callback: () => void): void;
}

/** Returns a store of the same calls. Those that are not made for many subsystems at once go out as they are. */
export function togetherStore(store: FullStore, { clock, limit, soon = setImmediate }: TogetherStoreParts): FullStore {
  const { many } = store;
  const common = { clock, limit, soon };
  const beats = new Together<Beat, boolean>({
    ...common,
    what: 'beat',
    keyOf: ({ tenure }) => tenure.name,
    all: (asked) => many.beatAll(asked),
    one: ({ tenure, beat, progress }) => store.beat(tenure, beat, progress),
  });
  const looks = new Together<Look, Observation & SeenOrders>({
    ...common,
    what: 'observe',
    keyOf: ({ name }) => name,
    all: (asked) => many.observeAll(asked),
    one: async (look) => only(await store.observe([look])),
  });
  const notices = new Together<string, Notice[]>({
    ...common,
    what: 'readNotices',
    keyOf: (name) => name,
    all: (names) => many.readNoticesOf(names),
    one: (name) => store.readNotices(name),
  });
  const lines = new Together<Member, null>({
    ...common,
    what: 'putMember',
    keyOf: ({ id }) => id,
    all: (members) => many.putMembers(members).then(() => members.map(() => null)),
    one: (member) => store.putMember(member).then(() => null),
  });
  const farewells = new Together<string, null>({
    ...common,
    what: 'removeMember',
    keyOf: (id) => id,
    all: (ids) => many.removeMembers(ids).then(() => ids.map(() => null)),
    one: (id) => store.removeMember(id).then(() => null),
  });
  return {
    ...store,
    beat: (tenure, beat, progress, isEarly) =>
      // With what the work has done, which may be much: the others need not wait for it.
      isEarly === true ? store.beat(tenure, beat, progress) : beats.ask({ tenure, beat, progress }),
    observe: async (asked) => Promise.all(asked.map((look) => looks.ask(look))),
    readNotices: (name) => notices.ask(name),
    putMember: (member) => lines.ask(member).then(() => {}),
    removeMember: (id) => farewells.ask(id).then(() => {}),
  };
}

function only<T>([answer]: readonly T[]): T {
  if (answer === undefined) throw new Error('the store answered a look with nothing');
  return answer;
}
