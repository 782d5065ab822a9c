/** Tasks that do what they are told (fixtures/scripted.mjs), and those that only write down that they ran. */
export interface ScriptedTask {
  id: string;
  file: string;
  script?: string[];
}

export const scripted = new URL('./fixtures/scripted.mjs', import.meta.url);
export const journalWork = new URL('../support/works/journal.mjs', import.meta.url);
