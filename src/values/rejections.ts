/** Hears of the rejection of whatever a function of the user returned: a promise of any realm or library, or no promise. */
export function whenRejected(returned: unknown, rejected: (error: unknown) => void): void {
  if ((typeof returned !== 'object' && typeof returned !== 'function') || returned === null) return;
  const then: unknown = Reflect.get(returned, 'then');
  // Called as `await` would, which a thenable expects; its own errors are the caller's, as those of the function are.
  if (typeof then === 'function') Reflect.apply(then, returned, [undefined, rejected]);
}
