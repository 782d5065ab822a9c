/**
 * The modes of the dispatcher, what each waits for, and what leaves it:
 *
 *   off       no mastership, nothing runs, no thread. `start` leaves it.
 *   ready     a mastership, and nothing that may run; nothing polls. Left by `poke` for running, or for loading if the
 *             runner has no thread, by `fence` and `halt`. Between two runs it is passed through.
 *   loading   a task waits, and the runner loads the work. Until it has, the source is not asked for the task, so a work
 *             that does not load is the failure of no task. Left for ready; if it fails, for waiting without an end: the
 *             owner is told, and gives the mastership up, perhaps later. Until the next `start` nothing is begun, and
 *             `resume` leaves it parked. `fence`, `halt` and `drain` do not wait for it.
 *   running   one run of some tasks. Its outcome leaves it: for ready if no task failed, else for waiting. `drain` makes
 *             it draining.
 *   waiting   the owner hears of a failure; then the delay before the head is tried again, which no `poke` shortens as long
 *             as that task is the head, or none if the head is exhausted. Or, after 1 ms of dispatching, for the other events of the thread to have
 *             their turn. Left for ready.
 *   draining  `drain` lets the one task finish, and the run begins no other. After stopTimeout it is aborted, after
 *             `grace` more its runner is ended. Left for halting, by its outcome or by whatever else comes first.
 *   fenced    the mastership lasts, but its work must stop: the run is aborted, and after grace/4 its runner is ended.
 *             Waits for run and runner to have ended; then goes to parked, or to ready if `resume` came first.
 *   parked    as fenced, and all has ended: no thread. Left by `resume`, `halt` or `drain`.
 *   halting   the mastership is over, or is to be over: as fenced, but at once once it is over, and ends in off. A new
 *             `start` makes it fenced and resumed: it begins when the old has ended.
 */
export type Mode = 'off' | 'ready' | 'loading' | 'running' | 'waiting' | 'draining' | 'fenced' | 'parked' | 'halting';

/** Every legal move; the dispatcher asserts that no other is made. */
export const transitions: Readonly<Record<Mode, readonly Mode[]>> = {
  off: ['ready'],
  ready: ['loading', 'running', 'waiting', 'fenced', 'halting'],
  loading: ['ready', 'waiting', 'fenced', 'halting'],
  running: ['ready', 'waiting', 'draining', 'fenced', 'halting'],
  waiting: ['ready', 'fenced', 'halting'],
  draining: ['halting'],
  fenced: ['ready', 'parked', 'halting'],
  parked: ['ready', 'off'],
  halting: ['off', 'fenced'],
};
