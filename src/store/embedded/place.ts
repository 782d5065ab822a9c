/** Where the store lies. */
import { existsSync, lstatSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Of the group, or of all. */
const OTHERS_WRITE = 0o022;

export interface EmbeddedPlace {
  readonly path: string;
  /** Where earlier versions kept it by default: used for as long as there is a store there and none in `path`. */
  readonly earlierPath?: string | undefined;
  /** The user who must own the folder, where no path was given: others could have made it first. */
  readonly owner?: number | undefined;
}

/** Chooses between the two. Asked again whenever the store is opened: what lay in the earlier place may be gone. */
export function placeNow({ path, earlierPath, owner }: EmbeddedPlace): string {
  const isThere = (folder: string): boolean => existsSync(join(folder, 'data.mdb'));
  if (earlierPath === undefined || !isThere(earlierPath) || isThere(path)) return path;
  // It is in the temporary folder, where anyone may have put it.
  return isOwn(earlierPath, owner) ? earlierPath : path;
}

function isOwn(path: string, owner: number | undefined): boolean {
  try {
    return strangerAt(path, owner) === undefined;
  } catch {
    // It went.
    return false;
  }
}

/**
 * Says who else could have put files into a folder that is to belong to one user alone; undefined if none could. The
 * owner of a link counts as well, because they choose where it leads.
 */
export function strangerAt(path: string, owner: number | undefined): string | undefined {
  if (owner === undefined) return undefined;
  const { uid, mode } = statSync(path);
  const links = lstatSync(path);
  if (uid !== owner) return `it belongs to the user with the number ${uid}, and this process runs as ${owner}`;
  if (links.uid !== owner)
    return `it is a link of the user with the number ${links.uid}, and this process runs as ${owner}`;
  if ((mode & OTHERS_WRITE) === 0) return undefined;
  return `other users can write there (its mode is ${(mode & 0o777).toString(8)}; \`chmod go-w\` ends that)`;
}
