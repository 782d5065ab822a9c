/** By how much the server's wall clock is ahead of the one here, in ms; null: it is not known; `none`: there is but the one here. */
export type ServerAhead = number | null | 'none';
