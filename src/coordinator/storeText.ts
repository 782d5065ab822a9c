/** The store in words that may be shown. */
import type { StoreOptions } from '../options.js';
import { redact, secretsOf } from '../redact.js';

export function storeText(options: StoreOptions): string {
  if (options.kind === 'embedded') return `the embedded store in ${options.path}`;
  return redact(options.connectString, secretsOf(options.connectString, options.connectOptions));
}
