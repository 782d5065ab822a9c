/** A subsystem as text: a line of `list`, and the page of `status`. */
import { clocksText } from '../../operations/clocks.js';
import { DEAD_COUNTED_MAX, type SubsystemDetails, type SubsystemView } from '../../operations/views.js';
import type { Colors } from '../output.js';
import { showDuration } from '../settings/durations.js';
import type { TimeFormat } from '../settings/settings.js';
import { columns } from './columns.js';
import { clean, showAge, showCount, showId, showTime, some } from './words.js';

export interface Shown {
  readonly colors: Colors;
  readonly time: TimeFormat;
  /** The wall clock, in ms. */
  readonly now: number;
}

/** An id ends in a long random part, of which so many characters tell members of one process apart. */
const RANDOM_SHOWN = 4;
const ID_SHOWN_MAX = 40;

/** Returns the beginning of a member's id, which commands take in its place. */
export function shortId(id: string): string {
  const [, place = '', random = ''] = /^(.+:\d+:)([0-9a-f-]+)$/.exec(id) ?? [];
  return clean(place === '' ? id.slice(0, ID_SHOWN_MAX) : place + random.slice(0, RANDOM_SHOWN));
}

export function listText(views: readonly SubsystemView[], { colors }: Shown): string {
  const rows = views.map((view) => [
    clean(view.name),
    view.kind ?? '-',
    paint(colors, view),
    view.master === null ? '-' : whereText(view.master),
    String(view.term),
    showAge(view.age),
    queuedText(view),
    showAge(view.queue?.headAge ?? null),
    view.dead === 0 ? '-' : colors.yellow(showCount(view.dead, DEAD_COUNTED_MAX)),
    String(view.members),
    view.pause === null ? '' : colors.yellow(view.pause.standby ? 'paused, standby' : 'paused'),
  ]);
  const heads = ['NAME', 'KIND', 'STATE', 'MASTER', '>TERM', '>BEAT', '>QUEUED', '>HEAD', '>DEAD', '>MEMBERS', ''];
  return columns(heads, rows);
}

/** Returns how many tasks wait. */
export function queuedText({ queue, kind }: SubsystemView): string {
  if (kind === 'unmanaged' || queue === null) return '-';
  return queue.queued === null ? 'memory' : String(queue.queued);
}

/** Returns the state, coloured by what it means. */
export function paint(colors: Colors, { state }: Pick<SubsystemView, 'state'>): string {
  if (state === 'held') return colors.green(state);
  return state === 'released' || state === 'none' ? colors.yellow(state) : colors.red(state);
}

/** Returns where a master runs. */
export function whereText({ id, host, pid }: { id: string; host: string | null; pid: number | null }): string {
  return host === null ? shortId(id) : `${clean(host)}/${pid}`;
}

/** `clockAhead`: how far the server's clock is ahead of the one here, in ms. */
export function statusText(view: SubsystemDetails & { readonly clockAhead: number | null }, shown: Shown): string {
  const { colors } = shown;
  const facts: [string, string][] = [
    ['state', stateText(view, shown)],
    ['lease', leaseText(view, shown)],
    ['queue', queueText(view)],
    ['dead', view.dead === 0 ? 'no dead letters' : some(view.dead, 'dead letter')],
  ];
  if (view.pause !== null) facts.push(['paused', colors.yellow(pauseText(view.pause, shown))]);
  if (view.handOver !== null) facts.push(['hand-over', handOverText(view.handOver, shown)]);
  if (view.problem !== null) facts.push(['problem', colors.red(clean(view.problem))]);
  const clocks = clocksText(view.clockAhead);
  if (clocks !== null) facts.push(['clocks', colors.yellow(clocks)]);
  const settings = Object.entries(view.settings).map(([name, value]) => `${clean(name)} ${clean(value)}`);
  if (settings.length > 0) facts.push(['settings', settings.join(', ')]);
  const lines = facts.map(([name, text]) => `${colors.dim(name.padEnd(10))} ${text}`);
  return [colors.bold(clean(view.name)), ...lines, '', memberTable(view, shown), '', termTable(view, shown)]
    .join('\n')
    .trimEnd();
}

function stateText(view: SubsystemDetails, { colors }: Shown): string {
  const { state, master, term, kind } = view;
  const kindText = kind === null ? '' : `, ${kind}`;
  if (master === null) return `${paint(colors, view)}, last term ${term}${kindText}`;
  const where = master.host === null ? '' : ` on ${clean(master.host)}, pid ${master.pid}`;
  const text = `${paint(colors, view)} by ${shortId(master.id)}${where}, term ${term}${kindText}`;
  return state === 'overdue' ? `${text}: no beat in time` : text;
}

function leaseText({ beat, at, ttl, died }: SubsystemDetails, { time, now }: Shown): string {
  if (ttl === null) return '-';
  const end = died ? '; the holder died' : '';
  return `beat ${beat}, written ${showTime(at, time, now)}, lasts ${showDuration(ttl)}${end}`;
}

function queueText({ queue, count, identifier }: SubsystemDetails): string {
  const last = identifier === null ? '' : `, last ${showId(identifier)}`;
  if (queue === null) return identifier === null ? 'none' : `none; synchronized at ${showId(identifier)}`;
  if (queue.queued === null) return `in memory, on each member; ${count} done${last}`;
  const head = queue.headAge === null ? '' : `, the oldest for ${showDuration(queue.headAge)}`;
  return `${some(queue.queued, 'task')} stored${head}; done up to ${queue.done}${last}`;
}

export function pauseText(pause: NonNullable<SubsystemView['pause']>, { time, now }: Shown): string {
  const until = pause.until === null ? '' : `, until ${showTime(pause.until, time, now)}`;
  const reason = pause.reason === null ? '' : `: ${clean(pause.reason)}`;
  const depth = pause.standby ? ', without a master' : '';
  return `by ${clean(pause.by)}, ${showTime(pause.at, time, now)}${until}${depth}${reason}`;
}

function handOverText(request: NonNullable<SubsystemView['handOver']>, { time, now }: Shown): string {
  const to = request.to === null ? '' : ` to ${shortId(request.to)}`;
  const why = request.why === null ? '' : `: ${clean(request.why)}`;
  return `${clean(request.state)}, of term ${request.term}${to}, by ${clean(request.by)}, ${showTime(request.at, time, now)}${why}`;
}

function memberTable({ memberList, master }: SubsystemDetails, { time, now, colors }: Shown): string {
  if (memberList.length === 0) return colors.dim('no members');
  const rows = memberList.map(({ id, host, pid, state, at, drained, version }) => [
    shortId(id),
    clean(host),
    String(pid),
    id === master?.id ? colors.green(clean(state)) : clean(state),
    showTime(at, time, now),
    version === null ? '' : clean(version),
    drained === true ? colors.yellow('drained') : '',
  ]);
  return columns(['MEMBER', 'HOST', '>PID', 'STATE', 'LAST SEEN', 'VERSION', ''], rows);
}

function termTable({ terms }: SubsystemDetails, { time, now, colors }: Shown): string {
  if (terms.length === 0) return colors.dim('no masterships yet');
  const rows = terms.map(({ term, holder, at }) => [String(term), shortId(holder), showTime(at, time, now)]);
  return columns(['>TERM', 'HOLDER', 'WON'], rows);
}
