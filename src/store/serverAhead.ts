/** By how much the server's wall clock is ahead of the one here, in ms; null: it is not known; `none`: there is but the one here. */
export type ServerAhead = number | null | 'none';

/** Returns it for people, to whom it does not matter why there is none to tell: null then. */
export async function shownAhead(store: { clockAhead(): Promise<ServerAhead> }): Promise<number | null> {
  const ahead = await store.clockAhead().catch(() => null);
  return ahead === 'none' ? null : ahead;
}
