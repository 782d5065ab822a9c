/** What every starter of a server gives back: the same shape, whatever is behind it. */

export const serverKinds = ['memory', 'java', 'ferretdb', 'documentdb', 'replica-set', 'sharded'] as const;
/** `uri` is a server that the caller runs. */
type ServerKind = (typeof serverKinds)[number] | 'uri';

export interface TestServer {
  readonly kind: ServerKind;
  /** Connection string of the server, without a database. */
  readonly uri: string;
  /** Whether a write to one document is atomic, as MongoDB promises. FerretDB 1.x reads, then writes. */
  readonly atomic: boolean;
  /** Ends the server and removes its data. A server that is not stopped ends with the process that started it. */
  stop(): Promise<void>;
}
