/** Where a managed cluster's work runs, as the caller's thread knows it. */

export type WorkTarget =
  /** A module, by its URL: its default export runs in a task thread. */
  | { readonly kind: 'module'; readonly href: string }
  /** A function, called on the thread that made the cluster. */
  | { readonly kind: 'main'; readonly work: (...args: unknown[]) => unknown };
