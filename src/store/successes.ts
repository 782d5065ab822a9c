/**
 * What has succeeded once and for all, by a key: `mongo-failover exec --once KEY`. A success is only ever inserted, so the
 * first one stays, and no rule of the election reads it.
 */
export interface Success {
  /** Of the subsystem. */
  readonly name: string;
  readonly key: string;
  /** The mastership under which it succeeded. */
  readonly term: number;
  readonly holder: string;
  /** For people only. */
  readonly at: Date;
}

/** The longest key, in bytes of UTF-8: with the name it must fit into one key of the embedded store. */
export const SUCCESS_KEY_BYTES_MAX = 200;
