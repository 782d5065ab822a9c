/** The demo's CPU-heavy work: one native call that nothing can interrupt, and that would hold up any event loop. */
import { brotliCompressSync, constants } from 'node:zlib';

export function compress(bytes: Uint8Array, quality: number): Uint8Array {
  return brotliCompressSync(bytes, {
    params: { [constants.BROTLI_PARAM_QUALITY]: quality, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length },
  });
}
