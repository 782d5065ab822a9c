/**
 * Counts a beat as sent when it is handed to the store. A thousand members decide one after another, and what they have
 * decided goes out as one call: so the first of them waits for the last, and is as late as that one.
 */
import type { BeatListener } from '../election/elector.js';
import type { Clock } from '../time/clock.js';

interface Decided {
  readonly at: number;
  readonly late: number;
  readonly delay: number;
}

interface Sender {
  readonly listener: BeatListener;
  /** The beat that was decided, and has not been sent. */
  decided: Decided | null;
}

export class SentBeats {
  /** By holder. */
  private readonly senders = new Map<string, Sender>();

  constructor(private readonly clock: Pick<Clock, 'now'>) {}

  /** Returns what the elector of this holder tells of its beats; `listener` hears of each when it has been sent. */
  add(holder: string, listener: BeatListener): BeatListener {
    const sender: Sender = { listener, decided: null };
    this.senders.set(holder, sender);
    return {
      beatSent: (late, delay) => {
        // One that was never sent, because its turn did not come, counts no more.
        sender.decided = { at: this.clock.now(), late, delay };
      },
      beatAcknowledged: (roundTrip) => listener.beatAcknowledged(roundTrip),
    };
  }

  remove(holder: string): void {
    this.senders.delete(holder);
  }

  /** The beat that this holder has decided on goes out now. */
  sent(holder: string): void {
    const sender = this.senders.get(holder);
    if (sender === undefined || sender.decided === null) return;
    const { at, late, delay } = sender.decided;
    const waited = this.clock.now() - at;
    sender.decided = null;
    sender.listener.beatSent(late + waited, delay + waited);
  }
}
