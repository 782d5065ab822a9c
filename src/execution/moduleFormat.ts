/** Tells CommonJS from ES modules as Node.js does: by extension, then by package.json, then by syntax. */
import { readFileSync } from 'node:fs';
import { dirname, extname, join } from 'node:path';
import { compileFunction } from 'node:vm';

/** Returns true if Node.js runs the file as CommonJS, and so runs its code while `require` loads it. */
export function isCommonJs(path: string): boolean {
  const extension = extname(path);
  if (/^\.c[jt]s$/.test(extension)) return true;
  if (/^\.m[jt]s$/.test(extension)) return false;
  const type = packageType(dirname(path));
  return type === undefined ? compilesAsCommonJs(path) : type === 'commonjs';
}

/** Returns the `type` of the nearest package.json; undefined if that has none, or there is no such file. */
function packageType(folder: string): string | undefined {
  const text = textOf(join(folder, 'package.json'));
  if (text === undefined) {
    const above = dirname(folder);
    return above === folder ? undefined : packageType(above);
  }
  try {
    const fields: unknown = JSON.parse(text);
    const type: unknown = typeof fields === 'object' && fields !== null ? Reflect.get(fields, 'type') : undefined;
    return type === 'module' || type === 'commonjs' ? type : undefined;
  } catch {
    return undefined;
  }
}

function compilesAsCommonJs(path: string): boolean {
  try {
    compileFunction(textOf(path) ?? '', ['exports', 'require', 'module', '__filename', '__dirname']);
    return true;
  } catch {
    return false;
  }
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
