/** The documents of requests to change a task, in both stores, and the check of every one that is read, as in documents.ts. */
import { type ChangeAnswer, changeAnswers, type TaskChange } from './changes.js';
import type { Fields } from './documents.js';
import { storedId } from './documents.js';
import { TaskReader } from './taskDocuments.js';

/** Without its key, its payload and its time, which each store keeps in its own way. */
export function storedTaskChange({ name, seq, key, running, by }: TaskChange): Fields {
  return { subsystem: name, seq, key: storedId(key), running, by, term: 0, answer: null };
}

export class ChangeReader extends TaskReader {
  change(id: string): TaskChange {
    const { running, payload } = this.fields;
    if (typeof running !== 'boolean') throw this.alien('running', 'true or false');
    return {
      ...this.taskName(),
      name: this.text('subsystem'),
      id,
      key: this.taskName().id,
      running,
      bytes: payload === null || payload === undefined ? null : this.bytes('payload'),
      by: this.text('by'),
      until: this.date('until'),
    };
  }

  answer(): ChangeAnswer | null {
    const { answer } = this.fields;
    if (answer === null || answer === undefined) return null;
    const known = changeAnswers.find((each) => each === answer);
    if (known === undefined) throw this.alien('answer', changeAnswers.join(', '));
    return known;
  }
}
