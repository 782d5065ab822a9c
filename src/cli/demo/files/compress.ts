/** The demo's CPU-heavy work, in the two ways that hold other things up. */
import { promisify } from 'node:util';
import { brotliCompress, brotliCompressSync, constants } from 'node:zlib';

/** More than the 4 threads of libuv's pool. */
export const AT_ONCE = 6;

const compressLater = promisify(brotliCompress);

/** One native call that nothing can interrupt, and that would hold up any event loop. */
export function compress(bytes: Uint8Array, quality: number): Uint8Array {
  return brotliCompressSync(bytes, settings(quality, bytes.length));
}

/** Compresses in parts at once, which fill the thread pool of the process. Returns the bytes of all parts together. */
export async function compressInPool(bytes: Uint8Array, quality: number): Promise<number> {
  const size = Math.ceil(bytes.length / AT_ONCE);
  const parts = Array.from({ length: AT_ONCE }, (_, index) => bytes.subarray(index * size, (index + 1) * size));
  const packed = await Promise.all(parts.map((part) => compressLater(part, settings(quality, part.length))));
  return packed.reduce((sum, { length }) => sum + length, 0);
}

function settings(quality: number, size: number): { params: Record<number, number> } {
  return { params: { [constants.BROTLI_PARAM_QUALITY]: quality, [constants.BROTLI_PARAM_SIZE_HINT]: size } };
}
