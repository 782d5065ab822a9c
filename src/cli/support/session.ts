/** Opens what a command needs of a store, and closes it in any case. */
import { resolveOptions } from '../../options/resolve.js';
import { createReader } from '../../store/createReader.js';
import { loadStore } from '../../store/loadStore.js';
import type { StoreReader } from '../../store/reader.js';
import type { FullStore } from '../../store/taskStore.js';
import { type CommandContext, type StoreContext, storeContext } from '../context.js';
import { CommandError, exits } from '../exit.js';

export interface Session extends StoreContext {
  readonly reader: StoreReader;
  /** Aborts at a signal of the user. */
  readonly signal: AbortSignal;
  /** Opens the store for writing, which makes the indexes that are missing: only for a subsystem that is there. */
  writer(): Promise<FullStore>;
}

/** Runs a command on a store. It ends early, with what is open closed, at a signal of the user. */
export async function session(
  flags: Readonly<Record<string, unknown>>,
  { signal }: CommandContext,
  run: (opened: Session) => Promise<void>,
): Promise<void> {
  const { settings, output } = storeContext(flags);
  const { store } = resolveOptions(settings.store);
  const reader = await createReader(store, settings.timeout);
  let opening: Promise<FullStore> | undefined;
  const open = async (): Promise<FullStore> => {
    const { timeout } = settings;
    const writer = await loadStore(store, { commandTimeout: timeout, connectTimeout: timeout, freshFor: timeout });
    await writer.open().catch(async (error: unknown) => {
      await writer.close();
      throw error;
    });
    return writer;
  };
  const writer = (): Promise<FullStore> => {
    opening ??= open();
    return opening;
  };
  const work = async (): Promise<void> => {
    await reader.open();
    await run({ reader, settings, output, signal, writer });
  };
  try {
    await Promise.race([work(), aborted(signal)]);
  } finally {
    const opened = await opening?.catch(() => undefined);
    await Promise.all([reader.close(), opened?.close()]);
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
