/**
 * Finds out which transaction was committed last, and puts LMDB right where it has forgotten that.
 *
 * A process that opens the store writes the number that it has read from the data file into the lock file, without the
 * write lock (OpenLDAP ITS#9496; the LMDB of lmdb-js 3.5 has that fault). If others have committed in between, the next
 * transaction begins from an older state: it undoes what was acknowledged, and may write over pages that are in use. The
 * data file tells: its two first pages hold the numbers of the last two commits, and nothing but a commit changes them.
 */
import { closeSync, constants, openSync, readSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { descriptorsOf } from './descriptors.js';
import { filesIn } from './files.js';

/** Where a meta page has its number, in bytes from its start; where the first one has the size of a page. */
const NUMBER_AT = 152;
const PAGE_SIZE_AT = 48;
/** Where the lock file has the number of the last commit, in bytes. */
const LOCK_NUMBER_AT = 8;

export class LastCommit {
  private readonly descriptor: number;
  private readonly pageSize: number;
  private readonly number = new BigUint64Array(1);

  /** Throws what the file system throws. LMDB has the store open. */
  constructor(private readonly folder: string) {
    this.descriptor = openSync(join(folder, 'data.mdb'), constants.O_RDONLY);
    const size = new Uint32Array(1);
    readSync(this.descriptor, size, 0, size.byteLength, PAGE_SIZE_AT);
    this.pageSize = size[0] ?? 0;
  }

  /** Returns the number of the last commit. Exact while the caller has the write lock. */
  read(): number {
    return Math.max(this.numberAt(NUMBER_AT), this.numberAt(this.pageSize + NUMBER_AT));
  }

  private numberAt(position: number): number {
    readSync(this.descriptor, this.number, 0, this.number.byteLength, position);
    return Number(this.number[0]);
  }

  /**
   * Tells LMDB which commit was the last one. The caller has the write lock. Returns false if the system does not let us
   * find the lock file that LMDB has open: to open it once more, and close it, would drop the locks of this process.
   */
  restore(last: number): boolean {
    this.number[0] = BigInt(last);
    const { lock } = filesIn(this.folder);
    return lock !== undefined && descriptorsOf(lock.key).some((descriptor) => this.writeTo(descriptor));
  }

  private writeTo(lockFile: number): boolean {
    try {
      const { byteLength } = this.number;
      return writeSync(lockFile, this.number, 0, byteLength, LOCK_NUMBER_AT) === byteLength;
    } catch {
      // One that is only for reading.
      return false;
    }
  }

  close(): void {
    closeSync(this.descriptor);
  }
}
