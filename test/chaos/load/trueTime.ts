/** The wall clock of the machine, told from its monotonic clock: also in a process that is shown another one. In ms since 1970. */
export class TrueTime {
  /** `offset`: that of the wall clock from the monotonic one, in ms. */
  private constructor(readonly offset: number) {}

  /** Only in a process whose wall clock is right. */
  static ofThisMachine(): TrueTime {
    return new TrueTime(Date.now() - monotonic());
  }

  static of(offset: number): TrueTime {
    return new TrueTime(offset);
  }

  now(): number {
    return monotonic() + this.offset;
  }
}

/** The machine's monotonic clock, which all its processes share, in ms. */
export function monotonic(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
