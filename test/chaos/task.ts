/** The tasks, and what they are drawn from. */
export interface Task {
  readonly id: string;
  readonly ms: number;
  /** Whether it waits instead of computing. */
  readonly sleeps?: boolean;
  /** Whether its first attempt fails. */
  readonly fails?: boolean;
  /** Whether it returns a result, and its submitter waits for that. */
  readonly answers?: boolean;
  /** Whether it ends when its signal aborts. */
  readonly obeys?: boolean;
  /** How many checkpoints it puts down, one after another. */
  readonly steps?: number;
  /** Which of its payloads this is: 0 if missing, and one more with each update. */
  readonly version?: number;
  /** For how long it postpones itself, once in each thread, in ms. */
  readonly postpones?: number;
  /**
   * It fails for good, with this in its error, up to a moment of the machine's monotonic clock, in ms; and no more once the load is
   * over.
   */
  readonly ill?: { readonly of: string; readonly until: number };
}

/** What a task puts down as its checkpoint: the step, and who took it. */
export interface Step {
  readonly n: number;
  readonly term: number;
  readonly attempt: number;
}

/** What a task that answers returns. */
export interface Answer {
  readonly member: string;
  readonly term: number;
  readonly attempt: number;
}

/** Most take a moment, some long enough for a fault to come in between. */
export function drawTask(id: string, random: () => number): Task {
  const kind = random();
  const ms = kind < 0.7 ? random() : kind < 0.98 ? 1 + 5 * random() : 20 + 80 * random();
  return {
    ...{ id, ms },
    ...(random() < 0.1 ? { sleeps: true } : {}),
    ...(random() < 0.01 ? { fails: true } : {}),
    ...(random() < 0.2 ? { answers: true } : {}),
  };
}
