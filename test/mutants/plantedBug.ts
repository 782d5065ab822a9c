/**
 * A planted bug: a mistake that we could make, as a patch on the real source. It is kept as text to find and text
 * to put in its place, and the text must be there exactly once: a bug that the source has outgrown is an error, so
 * the list cannot rot.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DetectorName } from './detectors.ts';

interface Replacement {
  readonly find: string;
  readonly replace: string;
}

export interface PlantedBug extends Replacement {
  readonly name: string;
  /** What is wrong then, in a sentence. */
  readonly breaks: string;
  /** From the root of the package. */
  readonly file: string;
  /** In the same file, where one replacement would not compile, or would only trip over an assertion. */
  readonly also?: readonly Replacement[];
  /** Those known to find it, whichever is asked first. */
  readonly caughtBy: readonly DetectorName[];
  /** It can make a detector run for ever: then reaching the time limit counts as caught. */
  readonly mayHang?: boolean;
}

class PatchError extends Error {
  override readonly name = 'PatchError';
}

/** The text with the bug in it. */
export function patched(bug: PlantedBug, source: string): string {
  return [bug, ...(bug.also ?? [])].reduce((text, replacement) => replaceOnce(bug, text, replacement), source);
}

function replaceOnce({ name, file }: PlantedBug, text: string, { find, replace }: Replacement): string {
  const parts = text.split(find);
  const [before, after] = parts;
  if (before === undefined || after === undefined || parts.length !== 2) {
    const count = parts.length - 1;
    throw new PatchError(`planted bug '${name}': in ${file} this text is there ${count} times, not once:\n${find}`);
  }
  if (find === replace) throw new PatchError(`planted bug '${name}': it changes nothing`);
  return `${before}${replace}${after}`;
}

/** Puts the bug into a tree. What it returns takes it out again. */
export function plant(bug: PlantedBug, root: string): () => void {
  const path = join(root, bug.file);
  const source = readFileSync(path, 'utf8');
  writeFileSync(path, patched(bug, source));
  return () => writeFileSync(path, source);
}
