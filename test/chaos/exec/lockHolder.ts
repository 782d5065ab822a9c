/** Entry, `lockHolder.js FOLDER MS`: keeps the write lock of an embedded store for a while, as a disk that hangs would. */
import { writeSync } from 'node:fs';
import { open } from 'lmdb';

const [path = '', ms = '0'] = process.argv.slice(2);
const db = open({ path, noSubdir: false, overlappingSync: false, maxReaders: 1024 });
db.transactionSync(() => {
  writeSync(1, 'held\n');
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, Number(ms));
});
await db.close();
