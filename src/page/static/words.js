/** Says values in words. Whatever comes from the store passes `shown`. */

/** Characters that cannot be seen, that look like a space, or that turn the text around them, are written as escapes. */
const unseen = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]|(?! )\p{Zs}/gu;
const short = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

function escaped(character) {
  return short[character] ?? `\\u{${character.codePointAt(0).toString(16)}}`;
}

/** Returns a text as it can be shown in one line, and at most `most` characters of it. */
export function shown(text, most = 200) {
  const all = String(text);
  if (all.trim() === '') return all === '' ? '(empty)' : '(blank)';
  const cut = all.length > most ? `${all.slice(0, most).replace(/[\ud800-\udbff]$/, '')}…` : all;
  return cut.replace(unseen, escaped);
}

/** As `shown`, but lines stay lines. A payload comes whole, as the server cuts it sooner. */
export function shownLines(text, most = 5000) {
  const all = String(text);
  const cut = all.length > most ? `${all.slice(0, most).replace(/[\ud800-\udbff]$/, '')}…` : all;
  return cut
    .split(/\r?\n/)
    .map((line) => (line === '' ? '' : shown(line, most + 1)))
    .join('\n');
}

const numbers = new Intl.NumberFormat('en');
export const count = (number) => numbers.format(number);

const units = [
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'min'],
  [1000, 's'],
];

/** Returns such as `0.3 s`, `12 s`, `3 min 5 s`, `2 d 4 h`. */
export function duration(ms) {
  if (!Number.isFinite(ms)) return 'an unknown time';
  if (ms < 9950) return `${(Math.max(0, ms) / 1000).toFixed(1)} s`;
  const at = units.findIndex(([unit]) => ms >= unit);
  const [unit, name] = units[at];
  const whole = Math.floor(ms / unit);
  const next = units[at + 1];
  const rest = next && whole < 10 ? Math.floor((ms - whole * unit) / next[0]) : 0;
  return `${whole} ${name}${rest > 0 ? ` ${rest} ${next[1]}` : ''}`;
}

/** Returns a time as people here write it, to the second. Takes what `Date` takes. */
export function clockTime(at) {
  const date = new Date(at);
  return Number.isNaN(date.getTime()) ? 'an unknown time' : date.toLocaleString('sv', { timeZoneName: 'short' });
}

export const plural = (number, one, many = `${one}s`) => `${count(number)} ${number === 1 ? one : many}`;

/** Returns the master as people call it. */
export function masterName({ id, host, pid }) {
  return host === null ? shown(id, 80) : `${shown(host, 60)} · ${pid}`;
}

const states = {
  held: ['ok', 'held'],
  released: ['bad', 'no master'],
  overdue: ['bad', 'overdue'],
  none: ['bad', 'never had a master'],
  unreadable: ['bad', 'unreadable'],
};

/** Returns how a subsystem is: a level (`ok`, `warn`, `bad`), and a word for it. */
export function stateOf({ state, pause, blocked, dead, problem }) {
  const [level, word] = states[state] ?? ['bad', shown(state)];
  if (pause?.standby && state !== 'unreadable') return ['warn', 'paused, no master'];
  if (level === 'bad') return [level, word];
  if (problem !== null) return ['bad', 'partly unreadable'];
  if (pause !== null) return ['warn', 'paused'];
  if (blocked !== null) return ['warn', 'blocked'];
  return dead > 0 ? ['warn', 'dead letters'] : ['ok', word];
}
