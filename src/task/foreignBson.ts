/**
 * BSON's own values from another major version of the package `bson`, such as those in documents of Mongoose. The encoder
 * refuses them, so they are made again, from the fields that all versions have.
 */
import { bson } from './bson.js';

type Fields = Record<string, unknown>;

/** Returns the same value of this version, or undefined for what has no such fields. */
export function ownBson(value: Fields): unknown {
  switch (value._bsontype) {
    case 'ObjectId':
    case 'ObjectID':
      return typeof value.toHexString === 'function' ? new bson.ObjectId(String(value.toHexString())) : undefined;
    case 'Decimal128': {
      const { bytes } = value;
      return bytes instanceof Uint8Array && bytes.length === 16 ? new bson.Decimal128(bytes.slice()) : undefined;
    }
    case 'Int32': {
      const { value: number } = value;
      return isInt32(number) ? new bson.Int32(number) : undefined;
    }
    case 'Double': {
      const { value: number } = value;
      return typeof number === 'number' ? new bson.Double(number) : undefined;
    }
    case 'Long':
      return fromHalves(value, (low, high) => bson.Long.fromBits(low, high));
    case 'Timestamp':
      return fromHalves(value, (low, high) => new bson.Timestamp({ t: high >>> 0, i: low >>> 0 }));
    case 'Binary':
      return bytesOf(value);
    case 'MinKey':
      return new bson.MinKey();
    case 'MaxKey':
      return new bson.MaxKey();
    default:
      return undefined;
  }
}

function fromHalves<T>(value: Fields, make: (low: number, high: number) => T): T | undefined {
  // Version 1 writes them with an underscore.
  const { low = value.low_, high = value.high_ } = value;
  return isInt32(low) && isInt32(high) ? make(low, high) : undefined;
}

function bytesOf({ buffer, position, sub_type }: Fields): Uint8Array | undefined {
  if (sub_type !== 0 || !(buffer instanceof Uint8Array) || typeof position !== 'number') return undefined;
  return position >= 0 && position <= buffer.length ? buffer.slice(0, position) : undefined;
}

function isInt32(value: unknown): value is number {
  return typeof value === 'number' && (value | 0) === value;
}
