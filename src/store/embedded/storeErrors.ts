/** Turns what LMDB and the file system throw into a `StoreError` that names the folder and what is wrong with it. */
import { StoreError } from '../../errors.js';

const reasons: readonly (readonly [RegExp, string])[] = [
  [
    /ERR_ACCESS_DENIED/,
    'the permission model of Node.js forbids it: `--allow-fs-read` and `--allow-fs-write` of that folder',
  ],
  [
    /ERR_DLOPEN_DISABLED|addons is disabled/,
    'LMDB is a native addon, and Node.js was told to load none: start it with `--allow-addons`, without `--no-addons`, or use MongoDB',
  ],
  [/EEXIST|ENOTDIR|not a directory/i, 'it is not a folder'],
  [
    /EACCES|EPERM|EROFS|permission denied|read-only|not permitted/i,
    'no right to write there; nodb.path names another folder. If several users share a folder, give it a common group and setgid (`chmod 2770`), and their processes the umask 007',
  ],
  [/ENOSPC|EDQUOT|no space left|quota/i, 'there is no space left on the disk'],
  [/MDB_(?:INVALID|CORRUPTED|VERSION_MISMATCH|PAGE_NOTFOUND)/, 'what is there is not a store, or is damaged'],
];

export function embeddedError(thrown: unknown, what: string, path: string): StoreError {
  if (thrown instanceof StoreError) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  const code = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : '';
  const reason = reasons.find(([pattern]) => pattern.test(`${code} ${message}`))?.[1];
  const text = reason === undefined ? message : `${reason} (${message})`;
  return new StoreError('ERR_STORE', `the store ${path} failed to ${what}: ${text}`, { cause: thrown });
}
