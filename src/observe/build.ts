/** What the metrics say of the program that does not change. */
import type { ResolvedOptions } from '../options/options.js';
import { FORMAT } from '../store/documents.js';
import { ownVersion } from '../surroundings/ownVersion.js';
import type { Build } from './watched.js';

export function buildOf({ store, intervals }: Pick<ResolvedOptions, 'store' | 'intervals'>): Build {
  return { version: ownVersion(), node: process.versions.node, store: store.kind, format: String(FORMAT), intervals };
}
