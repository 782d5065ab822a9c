/**
 * Remembers what a cluster said, from the moment it is made, so a test can wait for an event that may have come
 * already, and look at their order afterwards. Nothing polls: each event wakes all that wait.
 */
import type { EventEmitter } from 'node:events';
import type { ClusterEvents } from 'mongo-failover';

type Name = keyof ClusterEvents;
interface Happening {
  readonly name: Name;
  readonly args: readonly unknown[];
}

// Of TypeScript, a record, so an event that is added to the library has to be added here.
const known: Readonly<Record<Name, true>> = {
  ...{
    synchronize: true,
    error: true,
    info: true,
    panic: true,
    statechange: true,
    done: true,
    failed: true,
    deadletter: true,
    duplicate: true,
    cancelled: true,
  },
  ...{ paused: true, resumed: true },
  ...{ init: true, ticking: true, master: true, slave: true, stopped: true },
};

export class Events {
  readonly all: Happening[] = [];
  private readonly waiting = new Set<() => void>();

  constructor(cluster: EventEmitter<ClusterEvents>) {
    for (const name of Object.keys(known) as Name[]) {
      cluster.on(name, (...args: unknown[]) => {
        this.all.push({ name, args });
        for (const wake of this.waiting) wake();
      });
    }
  }

  /** The arguments of every event of this name, in order. */
  of<N extends Name>(name: N): ClusterEvents[N][] {
    return this.all.filter((happening) => happening.name === name).map(({ args }) => args as ClusterEvents[N]);
  }

  /** Resolves when the condition holds; it is looked at now and after each event. */
  when(condition: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const look = () => {
        try {
          if (!condition()) return;
          resolve();
        } catch (error) {
          reject(error);
        }
        this.waiting.delete(look);
      };
      this.waiting.add(look);
      look();
    });
  }

  /** The first event of this name, past or to come, whose arguments match. */
  async first<N extends Name>(
    name: N,
    matches: (...args: ClusterEvents[N]) => boolean = () => true,
  ): Promise<ClusterEvents[N]> {
    const find = () => this.of(name).find((args) => matches(...args));
    await this.when(() => find() !== undefined);
    const found = find();
    if (found === undefined) throw new Error('it was there a moment ago');
    return found;
  }

  /** Resolves when this task is done. */
  done(id: string | number): Promise<unknown> {
    return this.first('done', (each) => each === id);
  }

  /** The states entered so far, the first one left out: `init`, `master`, … */
  get states(): string[] {
    return this.of('statechange').map(([, to]) => to);
  }

  get doneIds(): (string | number)[] {
    return this.of('done').map(([id]) => id);
  }
}
