/** What do other queues and locks do when their worker is blocked, killed, frozen or cut off? */
import { installPeers } from '../durable/peers.js';
import { Gaps } from '../support/gaps.js';
import type { Answer, Question, Settings } from '../support/question.js';
import { faults } from './faults.js';
import { lengthsOf } from './lengths.js';
import { type Amount, type Measured, measure } from './measure.js';
import { type SystemName, systems } from './systems.js';
import { tablesOf } from './tables.js';

const amounts: Record<'full' | 'quick', Omit<Amount, 'faults'>> = {
  full: { runs: 5, lanesAtOnce: 10, latencyLanes: 5, latencyTasks: 10 },
  quick: { runs: 2, lanesAtOnce: 10, latencyLanes: 3, latencyTasks: 4 },
};

async function ask({ quick, progress }: Settings): Promise<Answer> {
  const amount = chosenAmount(quick);
  const gaps = new Gaps(progress);
  const measured: Measured[] = [];
  await gaps.attempt('the packages of the peers', () => installPeers(progress));
  for (const name of chosen()) {
    await gaps.attempt(systems[name].label, async () => void measured.push(await measure(name, amount, progress)));
  }
  const problems = measured.flatMap(({ label, problems }) => problems.map((problem) => `${label}: ${problem}`));
  return {
    tables: tablesOf(measured),
    goals: [],
    notes: [
      `Each run has a queue or lock of its own with two workers; up to ${amount.lanesAtOnce} runs at once. Times are median / max, from the fault to the first note of the task by the other worker. "At once" are moments in which both workers noted work, which the job does every 20 ms. "Late notes" are notes of work by the struck worker after the other had begun.`,
      'None of the job queues promises that a frozen or cut-off worker stops: they say at least once. Locks have no queue; their holder does the tasks of a folder.',
      ...measured.map(settingsOf),
      ...problems,
      ...gaps.notes(),
    ],
    pictures: [],
    data: { amount, measured, gaps: gaps.all },
  };
}

function settingsOf({ system, label, settings, versions }: Measured): string {
  const { blocked, away } = lengthsOf(systems[system]);
  return `${label} (${versions.join(', ')}): ${settings}; blocked ${blocked / 1000} s, frozen or cut off ${away / 1000} s.`;
}

/** All faults, or those that PEERS_FAULTS names, and then without the time from submission to start. */
function chosenAmount(quick: boolean): Amount {
  const amount = quick ? amounts.quick : amounts.full;
  const named = process.env.PEERS_FAULTS?.split(',');
  if (named === undefined) return { ...amount, faults };
  return { ...amount, latencyLanes: 0, faults: faults.filter((fault) => named.includes(fault)) };
}

/** All, or those that PEERS names. */
function chosen(): SystemName[] {
  const named = process.env.PEERS?.split(',');
  const isNamed = (name: string): name is SystemName => name in systems && (named?.includes(name) ?? true);
  return Object.keys(systems).filter(isNamed);
}

export const peers: Question = {
  name: 'peers',
  title: 'what do other queues and locks do when their worker is blocked, killed, frozen or cut off?',
  isExtra: true,
  ask,
};
