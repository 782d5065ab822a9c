/** What a task is to every layer: an id that orders and names it, and bytes that only the two ends look into. */

/** The value of a task's key. `1` and `'1'` are two different ids. */
export type TaskId = string | number;
