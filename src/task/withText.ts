/** Adds a text to a task that is encoded already, because the coordinator decodes none. */

const TEXT_TYPE = 2;

/** Returns a copy of the BSON document `bytes`, which has no such field yet, with the field at its end. */
export function withText(bytes: Uint8Array, name: string, text: string): Uint8Array {
  const key = Buffer.from(name);
  const value = Buffer.from(text);
  // The type, the name and its end; the length of the text, the text and its end.
  const added = 1 + key.length + 1 + 4 + value.length + 1;
  const copy = Buffer.alloc(bytes.length + added);
  copy.set(bytes);
  copy.writeInt32LE(copy.length, 0);
  // The end of the document moves behind the field.
  let at = bytes.length - 1;
  at = copy.writeUInt8(TEXT_TYPE, at);
  at += key.copy(copy, at) + 1;
  at = copy.writeInt32LE(value.length + 1, at);
  value.copy(copy, at);
  return copy;
}
