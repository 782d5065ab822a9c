/**
 * The `bson` package, in the very copy that the MongoDB driver has. An `import` would load a second one, and an
 * `ObjectId` out of a task would then be no `instanceof` the driver's.
 */
import { createRequire } from 'node:module';

export const bson: typeof import('bson') = createRequire(import.meta.url)('bson');
