/** What a thousand subsystems of one process cost, how the cost grows with their number, and how they spread over processes. */
import { Gaps } from '../support/gaps.js';
import type { Answer, Question, Settings } from '../support/question.js';
import { growthRow } from './growthRow.js';
import { pairRows } from './pairRows.js';
import type { Part, Row } from './row.js';
import { spreadRows } from './spreadRows.js';

const rows: readonly Row[] = [...pairRows, growthRow, ...spreadRows];

async function ask({ quick, progress, rows: only }: Settings): Promise<Answer> {
  const gaps = new Gaps(progress);
  const parts: Part[] = [];
  for (const { name, title, measure } of rows) {
    if (only !== undefined && !only.includes(name)) continue;
    await gaps.attempt(title, async () => {
      parts.push(await measure({ quick, gaps, progress }));
    });
  }
  return {
    tables: parts.flatMap(({ tables }) => tables),
    goals: parts.flatMap(({ goals }) => goals),
    notes: [
      'Commands a second: on a server, what a proxy between the driver and the server saw, without `hello`; on the embedded store, the write transactions of all members together.',
      'CPU: of the whole process, in shares of one core, with its events and, on the embedded store, the disk.',
      'Lateness: of all beats while it was measured, until they were handed to the store; the upper bound of its bucket in the metric.',
      'Round trip: of 50 subsystems, the worst of them in each column, from the start on.',
      ...parts.flatMap(({ notes }) => notes),
      ...gaps.notes(),
    ],
    pictures: parts.flatMap(({ pictures }) => pictures ?? []),
    data: parts.map(({ data }) => data),
  };
}

export const scale: Question = {
  name: 'scale',
  title: 'what do a thousand subsystems in one process cost?',
  rows: rows.map(({ name }) => name),
  ask,
};
