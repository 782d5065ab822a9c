/** Waits for the states of members that run in processes of their own. */
import type { Child } from './child.js';

/** How long a member may take to enter a state, in ms: processes start slowly on a busy machine. */
const STATE_LIMIT = 60_000;

export interface StateMessage {
  readonly type: 'state';
  readonly state: string;
}

/** Resolves when the member says that it has entered this state, which must be the next time that it does. */
export function entered<Message extends { readonly type: string }>(
  member: Child<Message | StateMessage>,
  wanted: string,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const late = new Error(`a member did not become ${wanted} within ${STATE_LIMIT} ms`);
    const timer = setTimeout(() => reject(late), STATE_LIMIT);
    member.listen((message) => {
      if (!isState(message) || message.state !== wanted) return;
      clearTimeout(timer);
      resolve();
    });
    void member.ended.then((how) => {
      clearTimeout(timer);
      reject(new Error(`a member ended before it became ${wanted}: ${how}`));
    });
  });
}

function isState(message: { readonly type: string }): message is StateMessage {
  return message.type === 'state';
}
