import type { Fields } from '../../documents.js';

/**
 * Sends one command to the database of the connect string; `what` names it in an error. It ends within `limit` ms, by
 * default the time that a beat has.
 */
export type Run = (what: string, command: Fields, limit?: number) => Promise<Fields>;
