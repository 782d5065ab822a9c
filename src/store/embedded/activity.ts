/** What the thread of the store is doing, in shared memory: a caller that had no answer in time can say why. */

const what = ['idle', 'opening', 'locking', 'writing'] as const;
export type Activity = (typeof what)[number];

const SIZE = 2 * Float64Array.BYTES_PER_ELEMENT;

export class StoreActivity {
  readonly buffer: SharedArrayBuffer;
  private readonly words: Int32Array;
  private readonly times: Float64Array;

  constructor(buffer: SharedArrayBuffer = new SharedArrayBuffer(SIZE)) {
    this.buffer = buffer;
    this.words = new Int32Array(buffer, 0, 1);
    this.times = new Float64Array(buffer, Float64Array.BYTES_PER_ELEMENT, 1);
  }

  /** `now` in monotonic ms. */
  set(activity: Activity, now: number): void {
    this.times[0] = now;
    Atomics.store(this.words, 0, what.indexOf(activity));
  }

  get current(): Activity {
    return what[Atomics.load(this.words, 0)] ?? 'idle';
  }

  /** Says why a call has had no answer. */
  inWords(now: number): string {
    const ms = Math.max(0, Math.round(now - (this.times[0] ?? now)));
    switch (this.current) {
      case 'opening':
        return `it has been opening for ${ms} ms`;
      case 'locking':
        return `another process has held its write lock for ${ms} ms`;
      case 'writing':
        return `the disk has been writing for ${ms} ms`;
      case 'idle':
        return 'its thread is busy with other calls';
    }
  }
}
