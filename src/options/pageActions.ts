/** What the live page may change. */
import { showValue } from '../diagnostics/showValue.js';
import { InvalidOptionError } from '../errors.js';

/**
 * Names what viewers of the live page can do. `pause` is resume, too, and `drain` is undrain. `schedule`: pause, resume and trigger
 * schedules. `cancel`: take queued tasks out, also one that runs.
 */
export type PageAction = 'requeue' | 'discard' | 'pause' | 'hand-over' | 'drain' | 'schedule' | 'cancel';

const pageActions: readonly PageAction[] = ['requeue', 'discard', 'pause', 'hand-over', 'drain', 'schedule', 'cancel'];

/** @throws InvalidOptionError */
export function checkActions(value: unknown, path: string): readonly PageAction[] {
  if (value === undefined || value === false) return [];
  if (value === true) return pageActions;
  const list: unknown[] = Array.isArray(value) ? value : [value];
  const wrong = list.find((each) => !pageActions.some((action) => action === each));
  if (Array.isArray(value) && wrong === undefined) return pageActions.filter((action) => list.includes(action));
  const choices = pageActions.map((action) => `'${action}'`).join(', ');
  throw new InvalidOptionError(
    `${path} must be true, false, or a list of ${choices}, not ${showValue(wrong ?? value)}`,
  );
}
