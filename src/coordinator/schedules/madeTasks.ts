/** Tasks that functions of the program make. The main thread may be blocked, so no look waits for it. */

export interface MadeTask {
  readonly taskId: string;
  /** Null: the function failed, which the program was told. */
  readonly bytes: Uint8Array | null;
}

/** Asks the program; the answer comes by `take`. */
export type MakeTasks = (id: string, taskId: string, slot: number) => void;

interface Wanted {
  readonly id: string;
  readonly slot: number;
}

export class MadeTasks {
  /** By the ids of tasks. */
  private readonly made = new Map<string, Wanted & { readonly bytes: Uint8Array }>();
  /** The ids of tasks that were asked for, each with its slot. */
  private readonly pending = new Map<string, Wanted>();

  constructor(
    private readonly make: MakeTasks,
    private readonly wake: (id: string) => void,
  ) {}

  /** Returns the bytes if they are there. If not, asks for them, once. */
  ask(id: string, taskId: string, slot: number): Uint8Array | null {
    const made = this.made.get(taskId);
    if (made !== undefined) return made.bytes;
    if (!this.pending.has(taskId)) {
      this.pending.set(taskId, { id, slot });
      this.make(id, taskId, slot);
    }
    return null;
  }

  take(taskId: string, bytes: Uint8Array | null): void {
    const wanted = this.pending.get(taskId);
    this.pending.delete(taskId);
    if (wanted === undefined || bytes === null) return;
    this.made.set(taskId, { ...wanted, bytes });
    this.wake(wanted.id);
  }

  /** Returns whether this task was made. */
  has(taskId: string): boolean {
    return this.made.has(taskId);
  }

  /** All slots of the schedule are settled up to here, with these tasks or without. */
  forget(id: string, cursor: number): void {
    for (const known of [this.made, this.pending]) {
      for (const [taskId, wanted] of known) if (wanted.id === id && wanted.slot <= cursor) known.delete(taskId);
    }
  }

  clear(): void {
    this.made.clear();
    this.pending.clear();
  }
}
