/** Installs, once for the suite, the compilers and bundlers of `package.json` beside this file, and the package. */
import { installedIn, installPackage } from '../support/installPackage.ts';

/** The folder whose node_modules has all of them. */
export const installed = installedIn('programs');

export default function setup(): Promise<void> {
  return installPackage(import.meta.dirname, 'programs');
}
