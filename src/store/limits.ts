/** How long calls to a store may take, in ms. */
export interface StoreLimits {
  /** When every call has ended: it failed if it had no answer. */
  readonly commandTimeout: number;
  /** The same for `open()`, which may have to look names up and to authenticate. */
  readonly connectTimeout: number;
  /** How long after its last answer a connection to a server is trusted. */
  readonly freshFor: number;
}
