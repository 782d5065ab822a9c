/** The store in words that may be shown. */

import { redact, secretsOf } from '../diagnostics/redact.js';
import type { StoreOptions } from '../options/options.js';
import { placeNow } from '../store/embedded/place.js';

export function storeText(options: StoreOptions): string {
  if (options.kind === 'embedded') return `the embedded store in ${placeNow(options)}`;
  return redact(options.connectString, secretsOf(options.connectString, options.connectOptions));
}
