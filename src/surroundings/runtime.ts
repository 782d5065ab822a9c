/**
 * What runs this program. The lease is in memory that threads share, as a time of `process.hrtime`, and our threads are
 * started by `require` of ES modules. Only Node.js is known to have both: in Bun each thread has an hrtime of its own, so
 * work would take its lease for valid when it has ended, and Deno has no `parentPort.close`.
 */
import { FailoverError } from '../errors.js';

interface Runtime {
  readonly versions: Readonly<Record<string, string | undefined>>;
  /** Options of Node.js, and those of `NODE_OPTIONS`. */
  readonly execArgv: readonly string[];
  readonly env: { readonly NODE_OPTIONS?: string | undefined };
}

/** Not `process.features.require_module`: Jest says no there, for its own `require`, and our threads have that of Node.js. */
const withoutRequire = /^--no-(?:experimental-)?require-module$/;

/** The first versions of Node.js that have `require` of ES modules, for each release line that has some without it. */
const firstMinor: Readonly<Record<number, number>> = { 20: 19, 22: 12 };
const NODE_MIN = 20;

/** @throws FailoverError `ERR_RUNTIME` */
export function mustBeNode({ versions, execArgv, env }: Runtime = process): void {
  for (const [name, title] of [
    ['bun', 'Bun'],
    ['deno', 'Deno'],
  ] as const) {
    const version = versions[name];
    if (version !== undefined) throw refusal(`${title} ${version}, whose threads do not keep what a lease relies on`);
  }
  const version = versions.node ?? 'unknown';
  if (!hasRequire(version)) throw refusal(`Node.js ${version}`);
  const option = [...execArgv, ...(env.NODE_OPTIONS ?? '').split(/\s+/)].find((given) => withoutRequire.test(given));
  if (option !== undefined) throw refusal(`Node.js ${version} without \`require\` of ES modules (${option})`);
}

function hasRequire(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  // The release line 21 ended before it had that.
  return major >= NODE_MIN && major !== 21 && minor >= (firstMinor[major] ?? 0);
}

function refusal(found: string): FailoverError {
  return new FailoverError('ERR_RUNTIME', `mongo-failover needs Node.js 20.19, 22.12 or later, and this is ${found}`);
}
