/**
 * The wire protocol of MongoDB, as far as a program between a driver and a server needs it: messages are cut out of a
 * stream of bytes, read, and made. Drivers send OP_MSG, and for their first `hello` OP_QUERY, which is answered by
 * OP_REPLY. Compressed messages are not read; our driver sends none.
 */
import { type DeserializeOptions, type Document, deserialize, serialize } from 'bson';

const OP_REPLY = 1;
const OP_QUERY = 2004;
const OP_MSG = 2013;

const HEADER = 16;
/** No server takes longer messages, in bytes. */
const MESSAGE_BYTES_MAX = 48_000_000;

/** The bits of an OP_MSG. */
export const CHECKSUM_PRESENT = 1;
export const MORE_TO_COME = 2;
export const EXHAUST_ALLOWED = 1 << 16;

export interface WireMessage {
  readonly op: 'msg' | 'query' | 'reply';
  readonly requestId: number;
  /** Of the message that this one answers, or 0. */
  readonly responseTo: number;
  /** Of an OP_MSG; 0 for the others. */
  readonly flags: number;
  /** The command or the answer, with the documents of all its sections. */
  readonly body: Document;
  /** The whole message as it came, to pass it on. */
  readonly bytes: Buffer;
}

/** Cuts a stream of bytes into messages. */
export class MessageCutter {
  private pieces: Buffer[] = [];
  private length = 0;
  /** As long as the next message is, or its header while that is not known. */
  private wanted = HEADER;

  /** Takes the next bytes, and returns the messages that are whole by now. */
  push(bytes: Buffer): Buffer[] {
    this.pieces.push(bytes);
    this.length += bytes.length;
    if (this.length < this.wanted) return [];
    let rest = Buffer.concat(this.pieces);
    const whole: Buffer[] = [];
    this.wanted = lengthOf(rest);
    while (rest.length >= this.wanted && rest.length >= HEADER) {
      whole.push(rest.subarray(0, this.wanted));
      rest = rest.subarray(this.wanted);
      this.wanted = lengthOf(rest);
    }
    this.pieces = [rest];
    this.length = rest.length;
    return whole;
  }
}

function lengthOf(bytes: Buffer): number {
  if (bytes.length < HEADER) return HEADER;
  const length = bytes.readInt32LE(0);
  if (length < HEADER || length > MESSAGE_BYTES_MAX) throw new RangeError(`A message has a length of ${length} bytes.`);
  return length;
}

/** Reads one whole message. Numbers of all types become numbers, so what is made again may have other types. */
export function readMessage(bytes: Buffer): WireMessage {
  const [requestId, responseTo, code] = [4, 8, 12].map((at) => bytes.readInt32LE(at));
  const head = { requestId: requestId ?? 0, responseTo: responseTo ?? 0, flags: 0, bytes };
  if (code === OP_MSG) return { ...head, op: 'msg', flags: bytes.readUInt32LE(HEADER), body: sections(bytes) };
  if (code === OP_REPLY) return { ...head, op: 'reply', body: documentAt(bytes, HEADER + 20) };
  if (code === OP_QUERY) {
    // Flags, the name of the collection, how many to skip, and how many to return come before it.
    const document = bytes.indexOf(0, HEADER + 4) + 1 + 8;
    return { ...head, op: 'query', body: documentAt(bytes, document) };
  }
  throw new RangeError(`A message has the operation ${code}, which is not read here.`);
}

/** Makes an OP_MSG of one document. */
export function makeMessage(requestId: number, responseTo: number, body: Document, flags = 0): Buffer {
  const head = Buffer.alloc(HEADER + 5);
  head.writeUInt32LE(flags, HEADER);
  return withHeader(OP_MSG, requestId, responseTo, head, body);
}

/** Makes the answer to this request, in the operation that goes with it. */
export function makeAnswer(request: WireMessage, requestId: number, body: Document, flags = 0): Buffer {
  if (request.op !== 'query') return makeMessage(requestId, request.requestId, body, flags);
  const head = Buffer.alloc(HEADER + 20);
  // That the server knows `awaitData`, which all do, and that one document follows.
  head.writeInt32LE(8, HEADER);
  head.writeInt32LE(1, HEADER + 16);
  return withHeader(OP_REPLY, requestId, request.requestId, head, body);
}

/**
 * Makes the OP_MSG again with a changed command or answer. The types of all values are kept: to `change` they come as
 * BSON's own, such as `Int32` and `Long`.
 */
export function changeMessage(message: WireMessage, change: (body: Document) => Document): Buffer {
  const { bytes, requestId, responseTo, flags } = message;
  const body = sections(bytes, { promoteValues: false, promoteLongs: false, bsonRegExp: true });
  return makeMessage(requestId, responseTo, change(body), flags & ~CHECKSUM_PRESENT);
}

/** Returns the name of a command, which is its first field. */
export function commandName(body: Document): string {
  return Object.keys(body)[0] ?? '';
}

function withHeader(code: number, requestId: number, responseTo: number, head: Buffer, body: Document): Buffer {
  const document = serialize(body);
  for (const [index, value] of [head.length + document.length, requestId, responseTo, code].entries()) {
    head.writeInt32LE(value, index * 4);
  }
  return Buffer.concat([head, document]);
}

/** A section is one document (0), or documents that belong to a field of it (1). */
function sections(bytes: Buffer, options?: DeserializeOptions): Document {
  const flags = bytes.readUInt32LE(HEADER);
  const end = bytes.length - (flags & CHECKSUM_PRESENT ? 4 : 0);
  const sequences: Document = {};
  let body: Document = {};
  for (let at = HEADER + 4; at < end; ) {
    const length = bytes.readInt32LE(at + 1);
    if (bytes[at] === 0) body = documentAt(bytes, at + 1, options);
    else {
      const name = bytes.indexOf(0, at + 5);
      const documents: Document[] = [];
      for (let next = name + 1; next < at + 1 + length; next += bytes.readInt32LE(next)) {
        documents.push(documentAt(bytes, next, options));
      }
      sequences[bytes.toString('utf8', at + 5, name)] = documents;
    }
    at += 1 + length;
  }
  return { ...body, ...sequences };
}

function documentAt(bytes: Buffer, at: number, options?: DeserializeOptions): Document {
  return deserialize(bytes.subarray(at, at + bytes.readInt32LE(at)), options);
}
