/** A peer's side of `Child` (bench/support/child.ts): its settings, and its one message to the runner. */

/** What the runner gave to this process. */
export function settingsOf() {
  process.once('disconnect', () => process.exit());
  return JSON.parse(process.argv[2] ?? '{}');
}

export async function tellAndEnd(report) {
  await new Promise((resolve) => process.send?.({ type: 'report', ...report }, undefined, undefined, resolve));
  process.disconnect?.();
}
