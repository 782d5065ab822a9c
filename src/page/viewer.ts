/** One viewer who follows: writes what each look has brought, and leaves out what it has no room for. */
import type { Cancel, Clock } from '../time/clock.js';
import { endsBy } from '../time/pause.js';
import type { Details, Overview } from './contract.js';
import { event, type Feed } from './feed.js';
import { type EventSink, type EventSource, iso } from './messages.js';
import { detailsIn, type Seen, type SharedPoll } from './poll.js';

/** Proxies close what is silent for longer, in ms. */
export const COMMENT_MS = 15_000;

/** How long it may take to say whether a viewer may still look, in ms. */
export const ASK_MAX_MS = 10_000;

/** An overview was written before anything was seen. No step follows it. */
const NOTHING_YET = -1;

interface ViewerParts {
  readonly poll: SharedPoll;
  readonly feed: Feed;
  readonly clock: Pick<Clock, 'now' | 'wall' | 'at'>;
  readonly name: string | null;
  overview(seen: Seen): Overview;
  /** Asked now and then: whether the viewer may still look. Never rejects. */
  mayStay(): Promise<boolean>;
  /** Called once, when it has ended. */
  ended(): void;
}

export function viewerSource(parts: ViewerParts): EventSource {
  return { open: (sink) => new Viewer(parts, sink).start(), drop: parts.ended };
}

class Viewer {
  /** Up to which step it has seen all; null: it needs the whole. */
  private step: number | null = null;
  private problem: string | null = null;
  private details: string | undefined;
  private cancel: Cancel = () => {};
  private leave: () => void = () => {};
  private isOver = false;

  constructor(
    private readonly parts: ViewerParts,
    private readonly sink: EventSink,
  ) {}

  /** Returns how to end it. */
  start(): () => void {
    // The head of the answer goes out at once, and how soon to try again.
    this.sink.write('retry: 2000\n\n');
    this.leave = this.parts.poll.follow({ name: this.parts.name, see: (seen) => this.see(seen) });
    this.stay();
    return () => this.end();
  }

  private end(): void {
    if (this.isOver) return;
    this.isOver = true;
    this.cancel();
    this.leave();
    this.parts.ended();
  }

  private stay(): void {
    const { clock, mayStay } = this.parts;
    this.cancel = clock.at(clock.now() + COMMENT_MS, async () => {
      let may = false;
      const asked = mayStay().then((verdict) => {
        may = verdict;
      });
      // One that never answers would be asked never again.
      await endsBy(clock, clock.now() + ASK_MAX_MS, asked);
      if (this.isOver) return;
      if (may) {
        if (!this.sink.isFull()) this.sink.write(': here\n\n');
        return this.stay();
      }
      this.end();
      this.sink.end();
    });
  }

  private see(seen: Seen): void {
    if (this.isOver) return;
    if (this.sink.isFull()) {
      // What it misses now comes with the whole, once there is room.
      this.step = null;
      this.details = undefined;
      return;
    }
    this.tellProblem(seen);
    this.tellOverview(seen);
    this.tellDetails(seen);
  }

  private tellProblem({ problem }: Seen): void {
    // The first overview says it, too.
    if (problem === this.problem) return;
    this.problem = problem;
    this.sink.write(event('problem', { at: iso(this.parts.clock.wall()), message: problem }));
  }

  private tellOverview(seen: Seen): void {
    const { feed, overview } = this.parts;
    const step = seen.snapshot === null ? null : feed.to(seen.snapshot);
    const isNext = step !== null && this.step !== null && step.number - this.step <= 1;
    if (!isNext) {
      if (step === null && this.step === NOTHING_YET) return;
      this.sink.write(event('overview', overview(seen)));
      this.step = step?.number ?? NOTHING_YET;
      return;
    }
    if (step.number === this.step) return;
    if (step.text !== null) this.sink.write(step.text);
    this.step = step.number;
  }

  private tellDetails(seen: Seen): void {
    const { name } = this.parts;
    const details = name === null ? undefined : detailsIn(seen, name);
    if (details === undefined) return;
    const shape = shapeOf(details);
    if (shape === this.details) return;
    this.details = shape;
    this.sink.write(event('subsystem', details));
  }
}

const shapes = new WeakMap<Details, string>();

/** Returns all of it but the ages, which the page counts on by itself. */
function shapeOf(details: Details | null): string {
  if (details === null) return 'null';
  const known = shapes.get(details);
  if (known !== undefined) return known;
  const { at: _at, ...rest } = details;
  const shape = JSON.stringify(rest, (key, value) => (key === 'age' || key === 'headAge' ? undefined : value));
  shapes.set(details, shape);
  return shape;
}
