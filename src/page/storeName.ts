/** The store as messages call it, before it is open. */
import { redact } from '../diagnostics/redact.js';
import type { StoreOptions } from '../options/options.js';

export function storeName(store: StoreOptions): string {
  if (store.kind === 'embedded') return store.path;
  // Without its parameters, which are of no use to who looks.
  return redact(store.connectString)
    .replace(/<redacted>@/, '')
    .replace(/\?.*$/s, '');
}
