/** What a durable duty needs of an outbox, in tests where nothing is in it. */
import { OutboxWatch } from '../../src/relay/outboxWatch.ts';
import type { Clock } from '../../src/time/clock.ts';
import { MemoryOutbox } from './memoryOutbox.ts';

export function emptyOutbox(clock: Clock, poll: number, memory = new MemoryOutbox()) {
  const outbox = memory.connect();
  let origins = 0;
  const newOrigin = (): string => {
    origins += 1;
    return `origin ${origins}`;
  };
  return { outbox, outboxes: new OutboxWatch({ outbox, clock, poll }), newOrigin };
}
