/** The error of a call that the store was never asked, so nothing of it can have happened. */
import { StoreError } from '../errors.js';

export class NotSentError extends StoreError {
  constructor(message: string) {
    super('ERR_STORE_UNAVAILABLE', message);
  }
}

/** The error of a call that was not sent because a newer one, which says all that it did, went out before it. */
export class OvertakenError extends NotSentError {}
