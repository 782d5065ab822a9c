/** Counts what happens to one cluster on the coordinator thread, in shared memory that the observer reads. */
import type { News } from '../election/effects.js';
import type { BeatListener } from '../election/elector.js';
import type { Phase } from '../election/transitions.js';
import type { FailoverErrorCode } from '../errors.js';
import type { Clock } from '../time/clock.js';
import type { MemberEvent } from '../wire/messages.js';
import type { LossReason, MemberCounts, ServiceCounts } from '../wire/sharedCounts.js';
import type { DutyLoad } from './duties/duty.js';

/** In which a member takes part in the election. */
const joinedPhases: ReadonlySet<Phase> = new Set(['slave', 'ticking', 'master']);

const reasons: { readonly [code in FailoverErrorCode]?: LossReason } = {
  ERR_MAIN_BLOCKED: 'main-blocked',
  ERR_TASK_TIMEOUT: 'timeout',
  ERR_CONFIGURATION_DIFFERS: 'configuration',
};

export class MemberMetrics implements BeatListener {
  /** When the newest beat of another holder was seen. */
  private seenAt: number | null = null;
  private draining = false;

  constructor(
    private readonly counts: MemberCounts,
    private readonly shared: ServiceCounts,
    private readonly clock: Clock,
  ) {}

  beatSent(late: number): void {
    this.shared.lateness.record(late);
  }

  beatAcknowledged(roundTrip: number): void {
    this.shared.roundTrip.record(roundTrip);
  }

  /** Takes the news of the elector, before the member does. */
  notified(news: News): void {
    const { counts, clock } = this;
    switch (news.type) {
      case 'phase':
        return this.entered(news.to);
      case 'lease':
        counts.storeFails = false;
        return;
      case 'seen':
        counts.storeFails = false;
        if (news.lease !== null) this.seenAt = clock.now();
        return;
      case 'elected':
        if (!news.continued && this.seenAt !== null) this.shared.takeover.record(clock.now() - this.seenAt);
        this.seenAt = null;
        this.draining = false;
        return;
      case 'storeFailed':
      case 'beatFailed':
        counts.storeFails = true;
        return;
      case 'drain':
        this.draining = news.for === 'stop';
        return;
      case 'resume':
        this.draining = false;
        return;
      case 'deposed':
        return counts.losses.add(this.reasonOf(news.code));
      default:
        return;
    }
  }

  /** Takes what the member tells its facade. */
  emitted(event: MemberEvent): void {
    const { tasks } = this.counts;
    if (event.type === 'paused') this.counts.paused = true;
    else if (event.type === 'resumed') this.counts.paused = false;
    else if (event.type === 'done') tasks.add('done', event.ids.length);
    else if (event.type === 'deadletter') tasks.add('dead-letter');
    // One that is told again was counted by the master that did it.
    else if (event.type === 'cancelled') tasks.add('cancelled', event.again ? 0 : event.ids.length);
    else if (event.type === 'failed') {
      tasks.add('failed');
      if (event.attempt > 1) tasks.add('repeated');
    }
  }

  /** Says that tasks are done that were tried before. */
  repeated(count: number): void {
    this.counts.tasks.add('repeated', count);
  }

  /** Takes what was measured of the queue of a master; null: it is not master, or has no queue. */
  measured(load: DutyLoad | null, stored: boolean): void {
    const { counts, clock } = this;
    if (load === null) return counts.forgetQueue();
    const { queued, dead, headAge, blocked } = load;
    // Without an answer of the store, what it says of a stored queue is older.
    const isKnown = !stored || dead !== null;
    counts.measured(clock.now(), {
      queued: isKnown ? queued : null,
      dead,
      headAge: isKnown ? (headAge ?? (queued === 0 ? 0 : null)) : null,
      blocked: blocked !== null,
    });
  }

  private entered(to: Phase): void {
    const { counts } = this;
    counts.transitions.add(to);
    counts.state = to;
    if (to === 'error') counts.storeFails = true;
    if (joinedPhases.has(to)) {
      counts.joined = true;
      counts.storeFails = false;
    }
    if (to !== 'master') counts.forgetQueue();
  }

  private reasonOf(code: FailoverErrorCode): LossReason {
    if (code !== 'ERR_LEASE_LOST') return reasons[code] ?? 'work';
    // It is told after the phase. One whose lease has run out, or whose work would not stop, is in error.
    if (this.counts.state !== 'error') return 'alien';
    return this.draining ? 'work' : 'store';
  }
}
