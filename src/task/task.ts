/** What a task is to every layer: an id that orders and names it, and bytes that only the two ends look into. */

/** Is the value of a task's key: a finite number, or a text of 1 to 1024 bytes. `1` and `'1'` are two different ids. */
export type TaskId = string | number;

/** The longest time that an id stays taken after its task was stored, in ms. */
export const UNIQUE_MAX_MS = 366 * 24 * 60 * 60 * 1000;

/** What the master that queued a task tells its work beside it: values that come back from every store as they were. */
export type TaskDetails = Readonly<Record<string, string | number | boolean | null>>;
