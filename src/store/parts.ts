/** Cuts what is sent to a store into calls of a bounded size. */

export interface PartLimits {
  readonly items: number;
  readonly bytes: number;
}

/** Cuts a list, in order; each item has so many bytes. A part has at least one item, however large that is. */
export function partsOf<T>(items: readonly T[], bytesOf: (item: T) => number, limits: PartLimits): T[][] {
  const parts: T[][] = [];
  let bytes = 0;
  for (const item of items) {
    const size = bytesOf(item);
    const last = parts.at(-1);
    if (last === undefined || last.length >= limits.items || bytes + size > limits.bytes) {
      parts.push([item]);
      bytes = size;
    } else {
      last.push(item);
      bytes += size;
    }
  }
  return parts;
}
