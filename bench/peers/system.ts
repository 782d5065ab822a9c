/** What a system has to offer to be measured: a worker, and a way to submit. */
import type { PeerTask } from './job.js';

export type ServerKind = 'redis' | 'postgres' | 'etcd' | 'mongodb';

/** One queue or lock, with workers of its own. */
export interface Place {
  readonly name: string;
  /** Of the server, or of the proxy before it; empty if there is none. */
  readonly address: string;
  /** Of this lane alone. */
  readonly folder: string;
}

export interface Submitter {
  /** Resolves when the system has the task. */
  submit(task: PeerTask): Promise<void>;
  /** Returns what the system says of a task, where it has something to say. */
  verdict?(id: number): Promise<string>;
  close(): Promise<void>;
}

export interface System {
  readonly label: string;
  /** As they are printed; everything else is the system's default. */
  readonly settings: string;
  readonly server: ServerKind | undefined;
  /** Whose versions are printed; of bench/peers. */
  readonly packages: readonly string[];
  /** After how long it gives up a worker, in ms; faults are longer than that. */
  readonly lock: number;
  /** Whether it takes tasks. A lock alone does not: its holder does the tasks of a folder. */
  readonly isQueue: boolean;
  /** The least version of Node.js, if it is above ours. */
  readonly node?: readonly [major: number, minor: number];
  /** Called in each worker. Resolves when it waits for tasks. */
  work(place: Place): Promise<void>;
  /** Called before the workers start. */
  open(place: Place): Promise<Submitter>;
}
