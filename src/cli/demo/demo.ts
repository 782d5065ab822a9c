/**
 * The demo: the whole product at work on real files, in several processes. It starts the members, plays the scenario,
 * watches the ledger, and audits it at the end. What it leaves behind is nothing, unless that was asked for.
 */
import { randomUUID } from 'node:crypto';
import { rmSync } from 'node:fs';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { isAbsolute, join, relative } from 'node:path';
import type { Display, Tone } from '../screen/display.js';
import { makeView } from '../screen/view.js';
import { monotonicNow } from './clock.js';
import { Crew } from './crew/crew.js';
import type { MemberHandle, MemberListener } from './crew/memberHandle.js';
import type { FromMember, Heartbeat } from './crew/messages.js';
import { workUrl } from './crew/workUrl.js';
import { type Audit, audit } from './files/audit.js';
import { AT_ONCE } from './files/compress.js';
import { LedgerReader } from './files/ledger.js';
import { type Prepared, prepare } from './files/prepare.js';
import { readFacts } from './files/tasks.js';
import { claimWithin, intervals } from './intervals.js';
import type { DemoOptions } from './options.js';
import { type Facts, play } from './scenario.js';
import { Waiting } from './waiting.js';

/** Between two looks at the ledger, in ms. */
const LEDGER_PERIOD_MS = 100;
/** Without a task for so long, the run has failed; in ms. */
const STALLED_MS = 30_000;

export interface DemoResult extends Prepared {
  readonly audit: Audit;
  /** What was allowed between the kill and the next master, in parts: see `reportText`. */
  readonly bound: {
    readonly protocol: number;
    readonly roundTrip: number;
    readonly late: number;
    readonly landed: number;
  };
  readonly heartbeats: readonly { readonly member: number; readonly heartbeat: Heartbeat }[];
  /** The temporary folder, when it was kept. */
  readonly kept: string | null;
}

/** The run cannot go on: it is audited as it is. */
class RunFailed extends Error {}

/**
 * @throws UsageError for arguments that turn out to be useless; the reason of `signal` when that aborts
 */
export async function runDemo(options: DemoOptions, display: Display, signal: AbortSignal): Promise<DemoResult> {
  const startedAt = monotonicNow();
  const event = (text: string, tone?: Tone): void => display.event(monotonicNow() - startedAt, text, tone);
  event('looking at the files, and at how fast they are compressed here');
  const prepared = await prepare(options, signal);
  tellPlan(prepared, options, event);
  const scratch = await mkdtemp(join(tmpdir(), 'mongo-failover-demo-'));
  const remove = (): void => {
    if (!options.keep) rmSync(scratch, { recursive: true, force: true, maxRetries: 5 });
  };
  // Also at a second signal, or a crash, which wait for nothing.
  process.once('exit', remove);
  try {
    const result = await runIn(scratch, { options, prepared, display, signal, startedAt, event });
    return { ...result, ...prepared, kept: options.keep ? scratch : null };
  } finally {
    display.end();
    remove();
    process.off('exit', remove);
  }
}

function tellPlan({ folder, listing, plan }: Prepared, { members }: DemoOptions, event: (text: string) => void): void {
  const { tasks, quality, atLeast, expected } = plan;
  const bytes = tasks.reduce((sum, { size }) => sum + size, 0);
  const all = tasks.length === listing.tasks.length ? '' : ` of ${listing.tasks.length}`;
  const left = listing.skipped === 0 ? '' : ` (${listing.skipped} unreadable or too large)`;
  event(`${shortest(folder)}: ${tasks.length}${all} files, ${(bytes / 1e6).toFixed(1)} MB${left}`);
  const pace = `, again and again for ${atLeast} ms at the least`;
  event(
    `brotli quality ${quality}${pace}: about ${Math.round(expected / 1000)} s of work for one of ${members} members`,
  );
  event(`every second file: ${AT_ONCE} asynchronous calls at once, which fill the thread pool of the process`);
  const { MASTER, SLAVE, TICKING, POLL } = intervals;
  event(
    `a heartbeat every ${MASTER} ms; failover within SLAVE ${SLAVE} + TICKING ${TICKING} + POLL ${POLL} = ${claimWithin} ms and one round trip`,
  );
}

/** Returns the path as a user of this working folder would write it. */
function shortest(folder: string): string {
  const path = relative(process.cwd(), folder);
  return path === '' || path.startsWith('..') || isAbsolute(path) ? folder : path;
}

interface Run {
  readonly options: DemoOptions;
  readonly prepared: Prepared;
  readonly display: Display;
  readonly signal: AbortSignal;
  readonly startedAt: number;
  event(text: string, tone?: Tone): void;
}

async function runIn(scratch: string, run: Run): Promise<Pick<DemoResult, 'audit' | 'bound' | 'heartbeats'>> {
  const { options, prepared, display, signal, startedAt, event } = run;
  const { tasks } = prepared.plan;
  const files = filesIn(scratch);
  await writeFile(files.tasks, JSON.stringify(tasks));

  const waiting = new Waiting();
  const ledger = new LedgerReader(files.ledger);
  const paths = new Set<string>();
  const crew = new Crew(
    options.members,
    listenerFor(() => crew, waiting, display, event),
  );
  const abort = (): void => waiting.fail(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  if (signal.aborted) abort();

  let progressAt = monotonicNow();
  const look = async (): Promise<void> => {
    const lines = await ledger.readOn();
    for (const { path } of lines) paths.add(path);
    const now = monotonicNow();
    if (lines.length > 0) progressAt = now;
    else if (now > progressAt + STALLED_MS) waiting.fail(new RunFailed(`no task was done for ${STALLED_MS / 1000} s`));
    display.update(makeView(crew.members, ledger.lines, tasks.length, now, startedAt));
    waiting.check();
  };
  const watch = every(LEDGER_PERIOD_MS, look, (error) => waiting.fail(error));

  const facts: Facts = { block: null, kill: null, takeover: null, late: 0, landed: 0 };
  try {
    startCrew(crew, files, run);
    await play({ crew, ledger, total: tasks.length, done: () => paths.size, waiting, event }, facts);
  } catch (error) {
    if (!(error instanceof RunFailed)) throw error;
    event(error.message, 'bad');
  } finally {
    signal.removeEventListener('abort', abort);
    await crew.stop();
    await watch.end();
  }

  await ledger.readOn();
  display.update(makeView(crew.members, ledger.lines, tasks.length, monotonicNow(), startedAt));
  event('the members have stopped; the ledger is audited');
  return auditRun(prepared, crew, ledger, facts);
}

/** Where a run keeps what it needs. */
type RunFiles = Readonly<Record<'tasks' | 'ledger' | 'store', string>>;

function filesIn(scratch: string): RunFiles {
  return {
    tasks: join(scratch, 'tasks.json'),
    ledger: join(scratch, 'ledger.jsonl'),
    store: join(scratch, 'store'),
  };
}

function startCrew(crew: Crew, files: RunFiles, { options, prepared, event }: Run): void {
  const { folder, plan } = prepared;
  const { quality, atLeast } = plan;
  const pids = crew.members.map(({ number, pid }) => `${number} (pid ${pid})`);
  event(`members ${pids.join(', ')}`);
  const name = `demo-${randomUUID()}`;
  const store = options.mongodb === undefined ? { path: files.store } : { mongodb: options.mongodb };
  const work = (member: number) => workUrl({ folder, ledger: files.ledger, member, quality, atLeast }).href;
  crew.start((member) => ({ type: 'start', name, store, tasks: files.tasks, work: work(member) }));
}

async function auditRun(
  { folder, plan }: Prepared,
  crew: Crew,
  ledger: LedgerReader,
  { late, landed, ...acts }: Facts,
): Promise<Pick<DemoResult, 'audit' | 'bound' | 'heartbeats'>> {
  const bound = { protocol: claimWithin, roundTrip: crew.roundTrip, late, landed };
  const input = {
    tasks: plan.tasks,
    lines: ledger.lines,
    damaged: ledger.damaged + (ledger.torn ? 1 : 0),
    ...acts,
    bound: claimWithin + crew.roundTrip + late + landed,
    mishaps: crew.mishaps,
  };
  return {
    audit: await audit(input, (path) => readFacts(folder, path)),
    bound,
    heartbeats: crew.members.flatMap(({ number: member, heartbeat }) =>
      heartbeat === null || heartbeat.sent === 0 ? [] : [{ member, heartbeat }],
    ),
  };
}

function listenerFor(
  crew: () => Crew,
  waiting: Waiting,
  display: Display,
  event: (text: string, tone?: Tone) => void,
): MemberListener {
  const who = ({ number }: MemberHandle): string => `member ${number}`;
  /** A store that is away is reported at each try: once will do. */
  const lastTold = new Map<MemberHandle, string>();
  return {
    said(member, message) {
      const told = inWords(message);
      if (told !== undefined && told.text !== lastTold.get(member)) {
        lastTold.set(member, told.text);
        event(`${who(member)} ${told.text}`, told.tone);
      }
      waiting.check();
    },
    wrote: (member, line) => display.foreign(`${who(member)}: ${line}`),
    exited(member) {
      if (member.lost) event(`${who(member)} died`, 'bad');
      if (!crew().anyAlive) waiting.fail(new RunFailed('no member is left'));
      waiting.check();
    },
  };
}

/** Returns what is worth a line in the time line; `slave` and `init` are how every member begins. */
function inWords(message: FromMember): { text: string; tone?: Tone } | undefined {
  if (message.type === 'note') {
    const { level, text } = message;
    return level === 'info'
      ? { text: `says: ${text}` }
      : { text: `${level === 'panic' ? 'panics' : 'has an error'}: ${text}`, tone: 'bad' };
  }
  if (message.type !== 'state') return undefined;
  const { from, to, term } = message;
  if (to === 'master') return { text: `is master${term === null ? '' : ` of term ${term}`}`, tone: 'good' };
  if (to === 'ticking') return { text: 'has seen no heartbeat in time: ticking' };
  if (to === 'slave' && from !== 'init') return { text: `is slave again, after ${from}` };
  if (to === 'error') return { text: 'is in state error', tone: 'bad' };
  return undefined;
}

/** Calls `look` again and again, `pause` ms after it was done; `end` resolves when it runs no more. */
function every(pause: number, look: () => Promise<void>, failed: (error: unknown) => void): { end(): Promise<void> } {
  let timer: NodeJS.Timeout | undefined;
  let looking = Promise.resolve();
  let ended = false;
  const again = (): void => {
    looking = look()
      .catch(failed)
      .then(() => {
        if (!ended) timer = setTimeout(again, pause);
      });
  };
  again();
  return {
    end() {
      ended = true;
      clearTimeout(timer);
      return looking;
    },
  };
}
