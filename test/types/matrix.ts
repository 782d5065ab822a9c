/** Which compilers, which types of Node.js and which settings the published types are tried with. */

/** As the packages in package.json are called. The first is the oldest that is supported. */
const compilers = ['5.4', '5.5', '5.6', '5.7', '5.8', '5.9', '6.0', '7.0'] as const;
export type Compiler = (typeof compilers)[number];

export interface Way {
  readonly name: string;
  /** Of the package.json beside the program. */
  readonly type: 'module' | 'commonjs';
  readonly options: Readonly<Record<string, unknown>>;
  /** Compilers that no longer know it. */
  readonly notIn?: readonly Compiler[];
  /** Tried with every compiler, and not only with the oldest and the newest ones. */
  readonly always?: boolean;
}

const dom = { lib: ['es2022', 'dom'] };
const noDom = { lib: ['es2022'] };
const node10 = { module: 'commonjs', moduleResolution: 'node10' };

export const ways: readonly Way[] = [
  {
    name: 'an ES module by nodenext',
    type: 'module',
    options: { ...noDom, module: 'nodenext', verbatimModuleSyntax: true },
    always: true,
  },
  { name: 'an ES module by node16', type: 'module', options: { ...dom, module: 'node16' } },
  {
    name: 'an ES module for a bundler',
    type: 'module',
    options: { ...noDom, module: 'esnext', moduleResolution: 'bundler', verbatimModuleSyntax: true },
  },
  { name: 'CommonJS by nodenext', type: 'commonjs', options: { ...dom, module: 'nodenext' } },
  { name: 'CommonJS by node16', type: 'commonjs', options: { ...noDom, module: 'node16' } },
  {
    name: 'CommonJS by node10 with esModuleInterop',
    type: 'commonjs',
    options: { ...dom, ...node10, esModuleInterop: true },
    notIn: ['7.0'],
    always: true,
  },
  {
    name: 'CommonJS by node10 without esModuleInterop',
    type: 'commonjs',
    options: { ...noDom, ...node10, esModuleInterop: false },
    notIn: ['7.0'],
  },
];

/** Types of Node.js beside those of the least version that the package runs on, each with compilers that compile them. */
export const nodeTypes: readonly (readonly [types: string, compiler: Compiler])[] = [
  ['node-20-oldest', '5.4'],
  ['node-22', '5.4'],
  ['node-22', '7.0'],
  ['node-24', '5.9'],
  ['node-24', '7.0'],
  ['node-26', '5.9'],
  ['node-26', '7.0'],
];

const thorough: readonly Compiler[] = ['5.4', '5.9', '6.0', '7.0'];

export const cases = compilers.flatMap((compiler) =>
  ways
    .filter(({ notIn, always }) => !notIn?.includes(compiler) && (always === true || thorough.includes(compiler)))
    .map((way) => ({ compiler, way, name: way.name })),
);

export function settings(compiler: Compiler, way: Way): Record<string, unknown> {
  return {
    ...{ strict: true, exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true, isolatedModules: true },
    ...{ skipLibCheck: false, declaration: true, target: 'es2022', types: ['node'], rootDir: '.', outDir: 'out' },
    ...(compiler === '6.0' ? { ignoreDeprecations: '6.0' } : {}),
    ...way.options,
  };
}
