/** Where the store lies. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';

export interface EmbeddedPlace {
  readonly path: string;
  /** Where earlier versions kept it by default: used for as long as there is a store there and none in `path`. */
  readonly earlierPath?: string | undefined;
}

/** Chooses between the two. Asked again whenever the store is opened: what lay in the earlier place may be gone. */
export function placeNow({ path, earlierPath }: EmbeddedPlace): string {
  const isThere = (folder: string): boolean => existsSync(join(folder, 'data.mdb'));
  return earlierPath !== undefined && isThere(earlierPath) && !isThere(path) ? earlierPath : path;
}
