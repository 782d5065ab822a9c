/** How a run is shown while it lasts: live on a terminal, as plain lines anywhere else. */
import type { View } from './view.js';

/** `loud` events are what the demo is about; `bad` ones should not be. */
export type Tone = 'plain' | 'loud' | 'good' | 'bad';

export interface Display {
  /** Shows one line of the time line, `elapsed` ms after the start. */
  event(elapsed: number, text: string, tone?: Tone): void;
  /** Shows a line that is not ours: debug output of a member. */
  foreign(text: string): void;
  update(view: View): void;
  /** Ends the display. The last picture stays. */
  end(): void;
}
