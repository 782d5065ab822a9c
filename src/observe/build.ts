/** What the metrics say of the program that does not change. */
import { createRequire } from 'node:module';
import type { ResolvedOptions } from '../options/options.js';
import { FORMAT } from '../store/documents.js';
import type { Build } from './watched.js';

export function buildOf({ store, intervals }: Pick<ResolvedOptions, 'store' | 'intervals'>): Build {
  const { version }: { version: string } = createRequire(import.meta.url)('mongo-failover/package.json');
  return { version, node: process.versions.node, store: store.kind, format: String(FORMAT), intervals };
}
