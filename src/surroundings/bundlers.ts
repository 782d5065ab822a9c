/** Names the bundler that copied this module into a file of its own, and the line by which it leaves the package out. */

/** What bundlers put into the code that they copy. In this package as it is published, none of it is defined. */
declare const __webpack_require__: unknown;
declare const __turbopack_context__: unknown;
declare global {
  interface ImportMeta {
    readonly env?: unknown;
  }
}

interface Bundler {
  readonly name: string;
  /** What to put where, in words. */
  readonly line: string;
}

const next: Bundler = { name: 'Next.js', line: "serverExternalPackages: ['mongo-failover'] in next.config" };
const ncc: Bundler = { name: 'ncc', line: '`ncc build main.js -e mongo-failover`' };
const vite: Bundler = {
  name: 'Vite',
  line: "ssr: { external: ['mongo-failover'] } in vite.config, and no ssr.noExternal that includes it",
};
const webpack: Bundler = {
  name: 'webpack',
  line: "externals: { 'mongo-failover': 'module mongo-failover' } (or 'commonjs mongo-failover') in webpack.config",
};
const rollup: Bundler = { name: 'rollup', line: "external: ['mongo-failover']" };
const esbuild: Bundler = { name: 'esbuild', line: '--external:mongo-failover' };
const tsup: Bundler = {
  name: 'tsup',
  line: "mongo-failover among the dependencies of package.json, or external: ['mongo-failover']",
};

/** Those that leave no trace in the code. */
const traceless: readonly Bundler[] = [esbuild, rollup, tsup, vite, webpack, ncc, next];

export interface Traces {
  readonly next: boolean;
  readonly webpack: boolean;
  readonly vite: boolean;
}

/** Returns what this copy of the code, and the process, say of their bundler. */
export function traces(): Traces {
  return {
    next: process.env.NEXT_RUNTIME !== undefined || typeof __turbopack_context__ !== 'undefined',
    webpack: typeof __webpack_require__ !== 'undefined',
    vite: import.meta.env !== undefined,
  };
}

/** Returns the bundlers that it can have been. */
export function bundlersOf(found: Traces): readonly Bundler[] {
  if (found.next) return [next];
  // ncc is made of webpack, and so is one half of Next.js.
  if (found.webpack) return [webpack, ncc];
  if (found.vite) return [vite];
  return traceless;
}
