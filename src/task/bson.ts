/**
 * The `bson` package, in the very copy that the MongoDB driver has. An `import` would load a second one, and an
 * `ObjectId` out of a task would then be no `instanceof` the driver's.
 */
import { createRequire } from 'node:module';

/** Empty in a bundle, where `failover()` throws before it is needed. A throw here would come before that clear error. */
export const bson: typeof import('bson') = load();

function load() {
  try {
    return createRequire(import.meta.url)('bson');
  } catch {
    return {};
  }
}
