/** Takes slots of jobs for the facade, which learns what the clock of the server says where another has taken one. */
import type { Store } from '../store/store.js';
import type { AskedTake, TakeAnswer } from '../store/takenSlots.js';

interface TakeParts {
  readonly store: Pick<Store, 'takeSlot' | 'clockAhead'>;
  readonly spec: { readonly name: string; readonly holder: string };
  readonly options: { readonly store: { readonly kind: string } };
}

export async function takeSlot({ store, spec, options }: TakeParts, asked: AskedTake): Promise<TakeAnswer> {
  const answer = await store.takeSlot({ ...asked, name: spec.name, holder: spec.holder });
  if (answer.taken) return answer;
  const serverAhead = options.store.kind === 'embedded' ? 'none' : await store.clockAhead().catch(() => null);
  return { ...answer, serverAhead };
}
