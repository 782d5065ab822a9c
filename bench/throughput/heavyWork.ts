/** CPU-heavy work whose amount is given, so it takes longer where something else takes the core, and shows it. */

export interface HeavyTask {
  readonly id: number;
  readonly turns: number;
}

export default function work({ id, turns }: HeavyTask): boolean {
  let state = id + 1;
  for (let turn = 0; turn < turns; turn++) state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  // The state is never negative, but the compiler is not told, and would leave the loop out.
  return state >= 0;
}
