/** How much address space the map of the store takes: LMDB ends the process if it asks for more than there is. */
import { readFileSync } from 'node:fs';
import { StoreError } from '../../errors.js';

/**
 * The most that the file can hold before the map grows, in bytes. It is address space, not disk: the file is as large as
 * what it holds. On Windows it is kept small, because what is mapped counts there.
 */
const MAP_BYTES_WISHED = process.platform === 'win32' ? 256 * 1024 * 1024 : 64 * 1024 * 1024 * 1024;
/** On processors of 32 bits, all that a process may address is 4 GiB. */
const MAP_BYTES_WISHED_32_BIT = 512 * 1024 * 1024;
const MAP_BYTES_MIN = 16 * 1024 * 1024;
/** The share of the free address space that the map may take. The rest is for threads, their heaps, and a larger map. */
const SHARE = 4;
const PAGE_BYTES = 65_536;

interface AddressSpace {
  /** In bytes; `Infinity` without a limit. */
  readonly limit: number;
  readonly used: number;
  readonly bits: 32 | 64;
}

/** Returns how large the map may be for a file of this size. Throws `ERR_STORE` if too little address space is left. */
export function mapSizeWithin({ limit, used, bits }: AddressSpace, fileSize: number): number {
  const wished = bits === 32 ? MAP_BYTES_WISHED_32_BIT : MAP_BYTES_WISHED;
  const free = Math.max(0, limit - used);
  const size = Math.min(wished, Math.floor(free / SHARE / PAGE_BYTES) * PAGE_BYTES);
  if (size >= Math.max(MAP_BYTES_MIN, Math.min(wished, 2 * fileSize))) return size;
  throw new StoreError(
    'ERR_STORE',
    `the address space of this process is limited to ${inMiB(limit)} (ulimit -v), of which ${inMiB(free)} are free: ` +
      `too little to map a file of ${inMiB(fileSize)}; raise the limit`,
  );
}

export function addressSpace(): AddressSpace {
  const bits = ['arm', 'ia32', 'mips', 'mipsel', 'ppc'].includes(process.arch) ? 32 : 64;
  try {
    const [, limit] = /^Max address space +(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? [];
    const [pages] = readFileSync('/proc/self/statm', 'utf8').split(' ');
    const used = Number(pages) * 4096;
    return { limit: limit === undefined ? Number.POSITIVE_INFINITY : Number(limit), used, bits };
  } catch {
    return { limit: Number.POSITIVE_INFINITY, used: 0, bits };
  }
}

function inMiB(bytes: number): string {
  return `${Math.ceil(bytes / 1024 / 1024)} MiB`;
}
