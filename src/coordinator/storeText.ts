/** The store in words that may be shown. */
import type { StoreOptions } from '../options/options.js';
import { redact, secretsOf } from '../redact.js';
import { placeNow } from '../store/embedded/place.js';

export function storeText(options: StoreOptions): string {
  if (options.kind === 'embedded') return `the embedded store in ${placeNow(options)}`;
  return redact(options.connectString, secretsOf(options.connectString, options.connectOptions));
}
