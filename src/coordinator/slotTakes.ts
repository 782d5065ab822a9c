/** Takes slots of jobs for the facade, which learns what the clock of the server says where another has taken one. */
import type { Store } from '../store/store.js';
import type { AskedTake, TakeAnswer } from '../store/takenSlots.js';

interface TakeParts {
  readonly store: Pick<Store, 'takeSlot' | 'clockAhead'>;
  readonly spec: { readonly name: string; readonly holder: string };
}

export async function takeSlot({ store, spec }: TakeParts, asked: AskedTake): Promise<TakeAnswer> {
  const answer = await store.takeSlot({ ...asked, name: spec.name, holder: spec.holder });
  return answer.taken ? answer : { ...answer, serverAhead: await store.clockAhead().catch(() => null) };
}
