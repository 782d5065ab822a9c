/** Tasks that functions of the program make. The main thread may be blocked, so no look waits for it. */

export interface MadeTask {
  readonly taskId: string;
  /** Null: the function failed, which the program was told. */
  readonly bytes: Uint8Array | null;
}

/** Asks the program; the answer comes by `take`. */
export type MakeTasks = (id: string, taskId: string, slot: number) => void;

export class MadeTasks {
  /** By the ids of tasks. */
  private readonly made = new Map<string, { readonly id: string; readonly bytes: Uint8Array }>();
  /** The ids of tasks that were asked for, each with its schedule. */
  private readonly pending = new Map<string, string>();

  constructor(
    private readonly make: MakeTasks,
    private readonly wake: (id: string) => void,
  ) {}

  /** Returns the bytes if they are there. If not, asks for them, once. */
  ask(id: string, taskId: string, slot: number): Uint8Array | null {
    const made = this.made.get(taskId);
    if (made !== undefined) return made.bytes;
    if (!this.pending.has(taskId)) {
      this.pending.set(taskId, id);
      this.make(id, taskId, slot);
    }
    return null;
  }

  take(taskId: string, bytes: Uint8Array | null): void {
    const id = this.pending.get(taskId);
    this.pending.delete(taskId);
    if (id === undefined || bytes === null) return;
    this.made.set(taskId, { id, bytes });
    this.wake(id);
  }

  /** Returns whether a task of the schedule was made, and is not stored. */
  has(id: string): boolean {
    return [...this.made.values()].some((made) => made.id === id);
  }

  /** The task is stored. */
  forget(taskId: string): void {
    this.made.delete(taskId);
  }

  clear(): void {
    this.made.clear();
    this.pending.clear();
  }
}
