/** How often the pulse is beaten and looked at, in ms: four times within the time-out, at most each ms, at least each second. */
export function pulsePeriod(mainTimeout: number): number {
  return Math.max(1, Math.min(1000, mainTimeout / 4));
}
