/** The child's side of `Child`: its settings, and its messages to the runner. */
import type { Tagged } from './child.js';

/** What the runner gave to this process; each entry file says what that is. */
export function settingsOf<Settings>(): Settings {
  process.once('disconnect', () => process.exit());
  return JSON.parse(process.argv[2] ?? '{}');
}

/** Tells the runner something. Resolves when it has gone out. */
export function tell<Message extends Tagged>(message: Message): Promise<void> {
  return new Promise((resolve) => {
    if (process.send === undefined) return resolve();
    process.send(message, undefined, undefined, () => resolve());
  });
}

/** Tells the runner the last thing, and ends this process. */
export async function tellAndEnd<Message extends Tagged>(message: Message): Promise<void> {
  await tell(message);
  process.disconnect?.();
}
