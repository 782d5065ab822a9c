/** The embedded store without its thread: what it does runs in the turn of the loop after the call. */
import { fromWire } from '../../src/errors.ts';
import { StoreActivity } from '../../src/store/embedded/activity.ts';
import type { CallName, EmbeddedCalls, StoreReply } from '../../src/store/embedded/calls.ts';
import { EmbeddedStore } from '../../src/store/embedded/embeddedStore.ts';
import { Gate } from '../../src/store/embedded/gate.ts';
import type { EmbeddedPlace } from '../../src/store/embedded/place.ts';
import { EmbeddedServer } from '../../src/store/embedded/server.ts';
import type { StoreCaller } from '../../src/store/embedded/storeThread.ts';
import { type ProcessTable, processTable, thisProcess } from '../../src/surroundings/processIdentity.ts';
import { systemClock } from '../../src/time/systemClock.ts';

let threads = 0;

interface LocalParts {
  readonly table?: ProcessTable;
  readonly now?: () => number;
  readonly wall?: () => number;
}

interface LocalStore {
  readonly store: EmbeddedStore;
  readonly server: EmbeddedServer;
}

export function localStore(place: EmbeddedPlace, limit: number, parts: LocalParts = {}): LocalStore {
  const { table = processTable, now = systemClock.now, wall = systemClock.wall } = parts;
  const waiting = new Map<number, (reply: StoreReply) => void>();
  threads += 1;
  const server = new EmbeddedServer({
    place,
    open: { me: thisProcess(), table, thread: `local ${threads}`, wall },
    activity: new StoreActivity(),
    now,
    soon: setImmediate,
    after: (_ms, callback) => void setImmediate(callback),
    pause: () => {},
    random: Math.random,
    post: (message) => {
      for (const reply of 'marked' in message ? [] : message) waiting.get(reply.id)?.(structuredClone(reply));
    },
  });
  const caller: StoreCaller = {
    call: <K extends CallName>(call: K, args: Parameters<EmbeddedCalls[K]>) =>
      new Promise<ReturnType<EmbeddedCalls[K]>>((resolve, reject) => {
        const id = waiting.size + 1;
        waiting.set(id, (reply) => {
          if (reply.ok) resolve(reply.value as ReturnType<EmbeddedCalls[K]>);
          else reject(fromWire(reply.error));
        });
        server.receive({ id, call, args: structuredClone(args), deadline: now() + limit });
      }),
    close: async () => server.close(),
    onMarked: () => () => {},
  };
  return { store: new EmbeddedStore(place, limit, systemClock, new Gate(), caller), server };
}
