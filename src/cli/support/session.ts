/** Opens what a command needs of a store, and closes it in any case. */
import { resolveOptions } from '../../options/resolve.js';
import { createReader } from '../../store/createReader.js';
import type { StoreReader } from '../../store/reader.js';
import { type CommandContext, type StoreContext, storeContext } from '../context.js';
import { CommandError, exits } from '../exit.js';

export interface Session extends StoreContext {
  readonly reader: StoreReader;
  /** Aborts at a signal of the user. */
  readonly signal: AbortSignal;
}

/** Runs a command that reads. It ends early, with what is open closed, at a signal of the user. */
export async function reading(
  flags: Readonly<Record<string, unknown>>,
  { signal }: CommandContext,
  run: (session: Session) => Promise<void>,
): Promise<void> {
  const { settings, output } = storeContext(flags);
  const { store } = resolveOptions(settings.store);
  const reader = await createReader(store, settings.timeout);
  const work = async (): Promise<void> => {
    await reader.open();
    await run({ reader, settings, output, signal });
  };
  try {
    await Promise.race([work(), aborted(signal)]);
  } finally {
    await reader.close();
  }
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}

export function noSubsystem(name: string, label: string): CommandError {
  return new CommandError(
    exits.none,
    `the store ${label} knows no subsystem ${JSON.stringify(name)}; \`mongo-failover list\` shows those that it knows`,
    'ERR_NONE',
  );
}
