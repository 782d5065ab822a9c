/** Why a checkpoint was not put down. */
import { StateError, WorkError } from '../errors.js';

export function attemptEnded(): WorkError {
  return new WorkError(
    'ERR_CHECKPOINT',
    'the attempt has ended, so its checkpoint was not put down: await each checkpoint',
  );
}

export function checkpointLost(): StateError {
  return new StateError('ERR_LEASE_LOST', 'the mastership ended before the checkpoint was certainly stored');
}

export function checkpointNowhere(queue: string): WorkError {
  return new WorkError(
    'ERR_CHECKPOINT',
    `the queue '${queue}' is in memory, which keeps no checkpoint: set durable: true`,
  );
}
