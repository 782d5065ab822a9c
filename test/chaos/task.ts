/** The tasks, and what they are drawn from. */
export interface Task {
  readonly id: string;
  readonly ms: number;
  /** Whether it waits instead of computing. */
  readonly sleeps?: boolean;
  /** Whether its first attempt fails. */
  readonly fails?: boolean;
}

/** Most take a moment, some long enough for a fault to come in between. */
export function drawTask(id: string, random: () => number): Task {
  const kind = random();
  const ms = kind < 0.7 ? random() : kind < 0.98 ? 1 + 5 * random() : 20 + 80 * random();
  return { id, ms, ...(random() < 0.1 ? { sleeps: true } : {}), ...(random() < 0.01 ? { fails: true } : {}) };
}
