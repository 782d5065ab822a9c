import { bson } from './bson.js';

/** Returns a text that no other call returns, anywhere, and that is higher than those of this process before. */
export function newOrigin(): string {
  return new bson.ObjectId().toHexString();
}
