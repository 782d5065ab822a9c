/** The folder that the demo works on when none is given: the installed dependencies, real files of every kind. */
import { createRequire } from 'node:module';

/** Returns the `node_modules` folder that holds this package's dependencies, be this a clone or an installed package. */
export function defaultFolder(): string {
  return dependenciesOf(createRequire(import.meta.url).resolve('bson'));
}

/** The folder of all dependencies, from the path of a file of one. pnpm keeps each in a folder of its own below one that holds all. */
export function dependenciesOf(file: string): string {
  const separator = '[\\\\/]';
  const pnpm = new RegExp(`^(.*${separator}node_modules)${separator}\\.pnpm${separator}`).exec(file);
  const plain = new RegExp(`^(.*${separator}node_modules)${separator}`).exec(file);
  const folder = pnpm?.[1] ?? plain?.[1];
  if (folder === undefined) throw new Error(`${file} is not in a node_modules folder`);
  return folder;
}
