/**
 * What no caller should hand in, and what a public call must survive. Such a value is drawn as the way to make
 * it, because fast-check itself looks into the values that it draws.
 */
import { types } from 'node:util';
import fc from 'fast-check';

class Stranger {
  readonly #secret = 1;
  constructor(readonly value: unknown) {}
  get sum(): number {
    return this.#secret;
  }
}

const thrower = (): never => {
  throw new RangeError('thrown by what was handed in');
};

function throwingGetter(name: string): object {
  return Object.defineProperty({}, name, { get: thrower, enumerable: true, configurable: true });
}

function throwingProxy(target: object = {}): object {
  const traps = ['get', 'has', 'ownKeys', 'getPrototypeOf', 'getOwnPropertyDescriptor'];
  return new Proxy(target, Object.fromEntries(traps.map((trap) => [trap, thrower])));
}

function revokedProxy(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

function cyclic(): object {
  const value: { self?: object; list: object[] } = { list: [] };
  value.self = value;
  value.list.push(value);
  return value;
}

export function deep(levels: number): object {
  let value: object = {};
  for (let level = 0; level < levels; level += 1) value = { value };
  return value;
}

export const MEGABYTE = 'x'.repeat(1024 * 1024);

/** A value of which fast-check knows only how it is made and what it is called. */
export class Given {
  constructor(
    readonly text: () => string,
    readonly make: () => unknown,
  ) {}

  [fc.toStringMethod](): string {
    return this.text();
  }
}

const strangeThings: readonly (() => unknown)[] = [
  () => throwingProxy(),
  () => throwingProxy(() => {}),
  () => throwingProxy([]),
  () => revokedProxy(),
  () => cyclic(),
  () => deep(20),
  () => deep(5000),
  () => new Stranger(1),
  () => new Date(Number.NaN),
  () => new Error('an error'),
  () => new SharedArrayBuffer(8),
  () => new Uint8Array(8),
  () => new WeakMap(),
  () => Promise.resolve(1),
  () => new URL('https://example.com/work.js'),
  () => new Proxy(new URL('file:///work.js'), {}),
  () => Symbol('a symbol'),
  () => () => {},
  () => thrower,
  () => class {},
  () => ({ toString: thrower, valueOf: thrower, toJSON: thrower, [Symbol.toPrimitive]: thrower }),
  () => ({ toString: 1, valueOf: 1 }),
  () => Object.create(throwingProxy()),
  () => Object.create({ inherited: 1 }),
  () => new Array(100_000),
  () => 2n ** 70n,
  () => MEGABYTE,
  () => ({ [MEGABYTE]: MEGABYTE }),
  () => throwingGetter('id'),
  () => throwingGetter('mongodb'),
  () => throwingGetter('connectOptions'),
  () => throwingGetter('server'),
  () => throwingGetter('wait'),
  () => throwingGetter('retry'),
];
const strangePlainValues = fc.constantFrom(
  ...[Number.NaN, -0, Infinity, -Infinity, 2 ** 31, 2 ** 32, 2 ** 52, 2 ** 53, -(2 ** 53), 1e300, 5e-324, 0.5, -1],
  ...['', '\0', '\ud800', '__proto__', 'constructor', '1e999', '$where', 'é'.repeat(200)],
);
const anything = fc.anything({
  ...{ withBigInt: true, withBoxedValues: true, withDate: true, withMap: true, withNullPrototype: true },
  ...{ withObjectString: true, withSet: true, withSparseArray: true, withTypedArray: true, withUnicodeString: true },
});

/** The values that an arbitrary draws, as such. */
export function given(arbitrary: fc.Arbitrary<unknown>): fc.Arbitrary<Given> {
  return arbitrary.map(
    (value) =>
      new Given(
        () => fc.stringify(value),
        () => value,
      ),
  );
}

/** Anything. */
export const hostile: fc.Arbitrary<Given> = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...strangeThings).map((make) => new Given(() => String(make), make)) },
  { weight: 2, arbitrary: given(strangePlainValues) },
  { weight: 4, arbitrary: given(anything) },
);

const names = fc.constantFrom('id', 'wait', 'mongodb', 'connectString', 'connectOptions', 'intervals', 'path', 'retry');

/** The value with one or two of its parts, at any depth, taken out, put in, or replaced by anything. */
export function mutated(valid: fc.Arbitrary<object>, more: fc.Arbitrary<Given> = hostile): fc.Arbitrary<Given> {
  const change = fc.record({
    path: fc.array(fc.nat({ max: 30 }), { minLength: 1, maxLength: 3 }),
    how: fc.constantFrom('replace', 'replace', 'remove', 'add', 'getter'),
    name: fc.oneof(names, fc.string({ unit: 'binary', maxLength: 8 })),
    value: more,
  });
  return fc.tuple(valid, fc.array(change, { minLength: 1, maxLength: 2 })).map(
    ([value, changes]) =>
      new Given(
        () => fc.stringify([value, changes]),
        () => changes.reduce(changed, value),
      ),
  );
}

interface Change {
  readonly path: readonly number[];
  readonly how: string;
  readonly name: string;
  readonly value: Given;
}

function changed(value: object, change: Change): object {
  const { path, how } = change;
  const copy: object = Array.isArray(value) ? [] : {};
  for (const [name, descriptor] of Object.entries(Object.getOwnPropertyDescriptors(value))) {
    if (descriptor.enumerable) Object.defineProperty(copy, name, { ...descriptor, configurable: true });
  }
  const keys = Object.keys(copy);
  const [step = 0, ...rest] = path;
  const key = keys[step % Math.max(1, keys.length)] ?? change.name;
  const inner: unknown = Object.getOwnPropertyDescriptor(copy, key)?.value;
  if (rest.length > 0 && isPlain(inner)) define(copy, key, changed(inner, { ...change, path: rest }));
  else if (how === 'remove') Reflect.deleteProperty(copy, key);
  else if (how === 'getter') Object.defineProperty(copy, key, { get: thrower, enumerable: true, configurable: true });
  else define(copy, how === 'add' ? change.name : key, change.value.make());
  return copy;
}

function define(target: object, key: string, value: unknown): void {
  Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true });
}

function isPlain(value: unknown): value is object {
  if (typeof value !== 'object' || value === null || types.isProxy(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null || Array.isArray(value);
}
