/** What the holder of a lock does, where a system is a lock alone: the tasks of a folder, in order, while it holds the lock. */
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { job, type PeerTask } from './job.js';
import { NotesReader } from './notes.js';
import type { Submitter } from './system.js';

/** Between two looks at the folder, in ms. */
const POLL = 50;

export function folderSubmitter(folder: string, close: () => Promise<void> = async () => {}): Submitter {
  return {
    submit: async (task) => appendFileSync(join(folder, 'tasks'), `${JSON.stringify(task)}\n`),
    close,
  };
}

/** Does tasks until the lock is lost, or a task was told to stop. */
export async function doTasks(folder: string, isHeld: () => boolean): Promise<void> {
  const reader = new NotesReader(join(folder, 'notes'));
  try {
    while (isHeld()) {
      const task = nextTask(folder, reader);
      if (task === undefined) await sleep(POLL);
      else await job(task, { isStopped: () => !isHeld() });
    }
  } finally {
    reader.close();
  }
}

function nextTask(folder: string, reader: NotesReader): PeerTask | undefined {
  const file = join(folder, 'tasks');
  if (!existsSync(file)) return undefined;
  const ended = new Set(reader.refresh().flatMap(({ kind, task }) => (kind === 'end' ? [task] : [])));
  const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1);
  return lines.map((line): PeerTask => JSON.parse(line)).find(({ id }) => !ended.has(id));
}
