/**
 * Counts a beat as sent when it is handed to the store. A thousand members decide one after another, and what they have
 * decided goes out as one call: so the first of them waits for the last, and is as late as that one. Several of one member may be
 * under way, and each keeps its own times. One whose turn never came goes on in the next one, which is late from then on.
 */
import type { BeatListener } from '../election/elector.js';
import type { Intervals } from '../options/options.js';
import type { Clock } from '../time/clock.js';
import { BeatLead } from './beatLead.js';
import type { Sending } from './together/togetherStore.js';

/** When it was due, and when it was to be decided, a little earlier. */
interface Decided {
  readonly due: number;
  readonly aimed: number;
}

interface Sender {
  readonly listener: BeatListener;
  /** The beat that was decided, and that no call has taken. */
  decided: Decided | null;
  /** One that was refused, and that none has gone out in place of. */
  refused: (Decided & { readonly term: number }) | null;
}

export class SentBeats {
  /** By holder. */
  private readonly senders = new Map<string, Sender>();
  private readonly aims: BeatLead;

  constructor(
    private readonly clock: Pick<Clock, 'now'>,
    intervals: Intervals,
  ) {
    this.aims = new BeatLead(clock, intervals);
  }

  /** How long before they are due beats are to be decided on, in ms. */
  get lead(): number {
    return this.aims.ms;
  }

  /** Returns what the elector of this holder tells of its beats; `listener` hears of each when it has been sent. */
  add(holder: string, listener: BeatListener): BeatListener {
    const sender: Sender = { listener, decided: null, refused: null };
    this.senders.set(holder, sender);
    return {
      beatSent: (late, delay) => {
        const now = this.clock.now();
        sender.decided = { due: now - late, aimed: now - delay };
      },
      beatAcknowledged: (roundTrip) => listener.beatAcknowledged(roundTrip),
    };
  }

  remove(holder: string): void {
    this.senders.delete(holder);
  }

  /** Takes the beat that this holder has just decided on, in this term. */
  decided(holder: string, term: number): Sending | undefined {
    const sender = this.senders.get(holder);
    const beat = sender?.decided ?? null;
    if (sender === undefined || beat === null) return undefined;
    sender.decided = null;
    const first = (): Decided => {
      const { refused } = sender;
      return refused?.term === term && refused.due < beat.due ? refused : beat;
    };
    const isThere = (): boolean => this.senders.get(holder) === sender;
    return {
      sent: () => {
        const { due, aimed } = first();
        sender.refused = null;
        const now = this.clock.now();
        this.aims.sent(now - beat.aimed);
        if (isThere()) sender.listener.beatSent(now - due, now - aimed);
      },
      refused: () => {
        sender.refused = { ...first(), term };
      },
    };
  }
}
