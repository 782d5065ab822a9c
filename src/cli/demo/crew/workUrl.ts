/** How the demo tells its work module what to do: in the query of the module's URL, for a task carries only the path. */

interface WorkSettings {
  /** Where the tasks' paths begin. */
  readonly folder: string;
  /** The file of the ledger. */
  readonly ledger: string;
  /** The number of the member that does the work. */
  readonly member: number;
  readonly quality: number;
  /** How long each task works at the least, in ms. */
  readonly atLeast: number;
}

export function workUrl(settings: WorkSettings): URL {
  const url = new URL('./work.js', import.meta.url);
  for (const [name, value] of Object.entries(settings)) url.searchParams.set(name, String(value));
  return url;
}

export function readSettings(url: string): WorkSettings {
  const { searchParams } = new URL(url);
  const text = (name: keyof WorkSettings): string => searchParams.get(name) ?? '';
  return {
    folder: text('folder'),
    ledger: text('ledger'),
    member: Number(text('member')),
    quality: Number(text('quality')),
    atLeast: Number(text('atLeast')),
  };
}
