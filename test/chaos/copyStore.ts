/**
 * Entry, `copyStore.js FROM TO`: copies data.mdb while no process can write to it, as a backup does that can be relied on.
 * A process of its own, because it opens the store with the bare LMDB, beside those that have it open.
 */
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { open } from 'lmdb';

const [from = '', to = ''] = process.argv.slice(2);
const db = open({ path: from, noSubdir: false, overlappingSync: false, maxReaders: 1024 });
// Within a transaction, so it holds the lock that every writer needs.
db.transactionSync(() => copyFileSync(join(from, 'data.mdb'), join(to, 'data.mdb')));
await db.close();
