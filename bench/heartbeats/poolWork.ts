/** The work module of the row "asynchronous work": each task keeps more calls under way than the thread pool has threads. */
import { promisify } from 'node:util';
import { brotliCompress, constants } from 'node:zlib';
import { records } from '../../src/cli/bench/cpuWork.js';

/** Twice what libuv has by default. */
const AT_ONCE = 8;
const compress = promisify(brotliCompress);

export default async function work({ id }: { id: number }): Promise<boolean> {
  const text = Buffer.from(records(id));
  const params = { [constants.BROTLI_PARAM_QUALITY]: 6 };
  const packed = await Promise.all(Array.from({ length: AT_ONCE }, () => compress(text, { params })));
  return packed.every(({ length }) => length > 0);
}
