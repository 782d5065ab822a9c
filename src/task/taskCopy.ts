/**
 * The first half of encoding a task: a walk that copies it into plain data which BSON writes and reads back unchanged,
 * and refuses, by its path, whatever would come out as something else. It reads each property once, so a getter
 * cannot say one thing to the check and another to the encoder, and it counts bytes on the way, so a task that is
 * far too large is refused before it is encoded.
 *
 * It runs for every task that is submitted: the path is only spelled out when something is wrong.
 */
import { types } from 'node:util';
import { showKind, showValue } from '../diagnostics/showValue.js';
import { TaskError } from '../errors.js';
import { foreignClassOf } from '../values/realms.js';
import { bson } from './bson.js';
import type { ReadFields } from './flatTask.js';
import { ownBson } from './foreignBson.js';

const TASK_DEPTH_MAX = 100;
const MIN_INT64 = -(2n ** 63n);
const MAX_INT64 = 2n ** 63n - 1n;
/** More than any of BSON's own values takes, binaries apart. */
const VALUE_BYTES_MAX = 16;

/** By these, `bson` knows its own values, from whichever copy of the package they are; plain data cannot have them. */
const bsonType = Symbol.for('@@mdb.bson.type');
const bsonVersion = Symbol.for('@@mdb.bson.version');
const BSON_VERSION = 7;
const keptBsonTypes: ReadonlySet<unknown> = new Set([
  ...['ObjectId', 'Decimal128', 'Timestamp', 'Long', 'Int32', 'Double', 'MinKey', 'MaxKey'],
]);

/** What these hold shows neither in their properties nor, behind a Proxy, in their kind. */
const untagged = [Date, RegExp, Error, Boolean, Number, String];
const untaggedNames = untagged.map((type) => type.name);

type Plain = Record<string, unknown>;

export class TaskCopy {
  /** Bytes that the encoded copy has at least, and how many more it may have. */
  sure = 0;
  slack = 0;
  readonly copy: Plain;
  private readonly path: (string | number)[] = [];
  private readonly ancestors: object[] = [];
  private depth = -1;

  /**
   * Goes on with what was read of the task already.
   * @throws TaskError `ERR_TASK_NOT_CLONEABLE`, or `ERR_TASK_TOO_LARGE` when more than `limit` bytes are sure
   */
  constructor(
    task: unknown,
    private readonly limit: number,
    private readonly read?: ReadFields,
  ) {
    try {
      this.copy = this.root(task);
    } catch (cause) {
      if (cause instanceof TaskError) throw cause;
      throw this.refusal('could not be read', { cause });
    }
  }

  private root(task: unknown): Plain {
    const copy = isRecord(task) ? this.object(task) : undefined;
    if (isRecord(copy) && Object.getPrototypeOf(copy) === Object.prototype) return copy;
    throw new TaskError('ERR_TASK_NOT_CLONEABLE', `a task must be a plain object, not ${kindOf(task)}`);
  }

  private value(value: unknown): unknown {
    switch (typeof value) {
      case 'string':
        this.sure += value.length + 5;
        this.slack += value.length * 2;
        return value;
      case 'number':
        this.sure += 4;
        this.slack += 4;
        return value;
      case 'boolean':
        this.sure += 1;
        return value;
      case 'bigint':
        if (value < MIN_INT64 || value > MAX_INT64) throw this.refusal('is a bigint of more than 64 bits');
        this.sure += 8;
        return value;
      case 'object':
        if (isRecord(value)) return this.object(value);
        return Array.isArray(value) ? this.array(value) : null;
      case 'undefined':
        return undefined;
      default:
        throw this.refusal(`is a ${typeof value}`);
    }
  }

  private object(value: Plain, converted = false): unknown {
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype === Object.prototype || prototype === null) return this.plain(value);
    if (types.isDate(value)) return this.date(value);
    if (types.isUint8Array(value)) return this.bytes(value);
    if (types.isRegExp(value)) return this.regExp(value);
    // On the prototype, or, before version 5, on the value itself.
    if ('_bsontype' in value) return this.bsonValue(value);
    if (!converted && typeof value.toBSON === 'function') {
      // As the driver does it: documents of Mongoose keep their content behind it.
      const result: unknown = value.toBSON();
      return isRecord(result) ? this.object(result, true) : this.value(result);
    }
    const kind = kindOf(value);
    if (kind !== 'an Object') throw this.refusal(`is ${kind}`);
    const like = untagged.find((type) => value instanceof type)?.name ?? foreignClassOf(value, untaggedNames);
    if (like !== undefined) throw this.refusal(`is a Proxy of a ${like}, or inherits from one`);
    return this.plain(value);
  }

  private plain(value: Plain): Plain {
    this.enter(value);
    const { depth, path } = this;
    const copy: Plain = {};
    const read = this.read?.task === value && depth === 0 ? this.read : undefined;
    const names = read?.names ?? Object.keys(value);
    for (let index = 0; index < names.length; index++) {
      const name = names[index] ?? '';
      path[depth] = name;
      if (name.includes('\0')) throw this.refusal('has a NUL in its name');
      if (name === '_bsontype')
        throw this.refusal('has a name by which BSON takes an object for one of its own values');
      const field = this.value(read === undefined ? value[name] : readField(read, index, value, name));
      // Left out, as in JSON: BSON has no undefined.
      if (field === undefined) continue;
      this.sure += name.length + 2;
      this.slack += name.length * 2;
      if (name === '__proto__') Object.defineProperty(copy, name, { value: field, enumerable: true });
      else copy[name] = field;
    }
    this.leave();
    if (typeof copy.$ref === 'string' && copy.$id !== undefined && copy.$id !== null) {
      throw this.refusal('has both $ref and $id, which BSON takes for a reference of the database');
    }
    return copy;
  }

  private array(value: readonly unknown[]): unknown[] {
    this.enter(value);
    const { depth, path } = this;
    const copy: unknown[] = [];
    for (let index = 0; index < value.length; index++) {
      path[depth] = index;
      this.sure += 2 + digits(index);
      copy.push(this.value(value[index]) ?? null);
      if (this.sure > this.limit) throw this.tooLarge();
    }
    this.leave();
    return copy;
  }

  private date(value: Date): Date {
    const time = Date.prototype.getTime.call(value);
    if (Number.isNaN(time)) throw this.refusal('is an invalid Date');
    this.sure += 8;
    return new Date(time);
  }

  private bytes(value: Uint8Array): Uint8Array {
    if (['length', 'byteLength'].some((name) => Object.hasOwn(value, name))) {
      throw this.refusal('is a buffer that says another length than it has');
    }
    return this.binary(value, value.byteLength);
  }

  private binary<Value>(value: Value, bytes: number): Value {
    this.sure += bytes + 5;
    return value;
  }

  private regExp(value: RegExp): RegExp {
    const { source, flags } = value;
    if (/[^gim]/.test(flags))
      throw this.refusal('is a RegExp with flags other than g, i and m, which BSON cannot keep');
    if (source.includes('\0')) throw this.refusal('is a RegExp with a NUL');
    this.sure += source.length + 2;
    this.slack += source.length * 2 + flags.length;
    return new RegExp(source, flags);
  }

  private bsonValue(value: Plain): unknown {
    this.slack += VALUE_BYTES_MAX;
    const type: unknown = Reflect.get(value, bsonType);
    const version: unknown = Reflect.get(value, bsonVersion);
    if (version === BSON_VERSION) {
      if (keptBsonTypes.has(type)) return this.kept(value);
      if (value.sub_type === 0 && typeof value.position === 'number')
        return this.binary(this.kept(value), value.position);
      throw this.refusal(`is ${kindOf(value)}, which a task cannot carry`);
    }
    const own = ownBson(value);
    if (own instanceof Uint8Array) return this.bytes(own);
    if (own !== undefined) return own;
    const named = version === undefined ? 'a version before 5' : `version ${showValue(version)}`;
    throw this.refusal(
      `is ${kindOf(value)} from ${named} of the package bson, which a task cannot carry; this package uses version ${BSON_VERSION}`,
    );
  }

  /** Of this copy of the package it can be trusted; of another, or of none, it is tried. */
  private kept(value: Plain): Plain {
    if (value instanceof bson.BSONValue) return value;
    try {
      bson.deserialize(bson.serialize({ value }));
      return value;
    } catch (cause) {
      throw this.refusal(`says that it is ${kindOf(value)}, and is not`, { cause });
    }
  }

  private enter(value: object): void {
    if (this.sure > this.limit) throw this.tooLarge();
    if (this.ancestors.includes(value)) throw this.refusal('contains itself');
    if (this.ancestors.length === TASK_DEPTH_MAX)
      throw this.refusal(`is nested more than ${TASK_DEPTH_MAX} levels deep`);
    this.ancestors.push(value);
    this.depth = this.ancestors.length - 1;
    this.sure += 5;
  }

  private leave(): void {
    this.ancestors.pop();
    this.depth = this.ancestors.length - 1;
  }

  private refusal(problem: string, options?: { cause: unknown }): TaskError {
    const steps = this.path
      .slice(0, this.depth + 1)
      .map((step) => (typeof step === 'number' ? `[${step}]` : dotted(step)));
    return new TaskError('ERR_TASK_NOT_CLONEABLE', `$${steps.join('')} ${problem}`, options);
  }

  private tooLarge(): TaskError {
    return new TaskError(
      'ERR_TASK_TOO_LARGE',
      `the task has at least ${this.sure} bytes when encoded, more than the ${this.limit} of maxTaskBytes`,
    );
  }
}

/** Returns the value that was read before, or reads it now. */
function readField({ values, thrown }: ReadFields, index: number, value: Plain, name: string): unknown {
  if (index < values.length) return values[index];
  if (index === values.length && thrown !== undefined) throw thrown.cause;
  return value[name];
}

function isRecord(value: unknown): value is Plain {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Such as `an Error`, `a Map`, `an ObjectId of BSON`; instances of the user's own classes are `an Object`. */
function kindOf(value: unknown): string {
  if (!isRecord(value)) return showKind(value);
  const type = Object.getPrototypeOf(value) === Object.prototype ? undefined : value._bsontype;
  const kind = typeof type === 'string' ? `${type} of BSON` : Object.prototype.toString.call(value).slice(8, -1);
  return `${/^[AEIO]/.test(kind) ? 'an' : 'a'} ${kind}`;
}

function dotted(name: string): string {
  return /^[\p{L}_$][\p{L}\p{N}_$]*$/u.test(name) && name.length <= 60 ? `.${name}` : `[${showValue(name)}]`;
}

/** Returns how many decimal digits an index of an array has. */
function digits(index: number): number {
  return index < 10 ? 1 : 1 + Math.floor(Math.log10(index));
}
