/** Draws screens of a terminal as one SVG, which shows one after another, and the last one where nothing moves. */

const CELL = { width: 8.4, height: 17 };
const MARGIN = 16;
const BAR = 34;
/** The last screen stays for longer, in s. */
const SHOWN = { each: 3, last: 9 };

const STYLE = `
text{font:14px ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace;fill:#d5dbe3}
.d{fill:#8b949e}.b{font-weight:700}.red{fill:#ff7b72}.green{fill:#56d364}.yellow{fill:#e3b341}.t{fill:#8b949e;text-anchor:middle}`;

/** @param screens lists of rows of cells, as `Terminal` has them */
export function toSvg(screens, { title, description }) {
  const [first] = screens;
  const width = Math.ceil(first[0].length * CELL.width) + 2 * MARGIN;
  const height = first.length * CELL.height + BAR + 2 * MARGIN;
  const groups = screens.map((screen, index) => `<g class="f f${index}">\n${rowsOf(screen).join('\n')}\n</g>`);
  const dots = ['#ff5f57', '#febc2e', '#28c840'].map(
    (fill, index) => `<circle cx="${MARGIN + 6 + 20 * index}" cy="${BAR / 2}" r="6" fill="${fill}"/>`,
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">
<title>${escaped(description)}</title>
<style>${STYLE}
${turns(screens.length)}
</style>
<rect width="${width}" height="${height}" rx="8" fill="#0d1117"/>
<rect width="${width}" height="${BAR}" rx="8" fill="#1c2128"/>
${dots.join('')}<text class="t" x="${width / 2}" y="${BAR / 2 + 5}">${escaped(title)}</text>
${groups.join('\n')}
</svg>
`;
}

/** Returns the rules by which the screens take turns. */
function turns(count) {
  const whole = (count - 1) * SHOWN.each + SHOWN.last;
  const share = (seconds) => `${((100 * seconds) / whole).toFixed(2)}%`;
  const rules = Array.from({ length: count }, (_, index) => {
    const from = share(index * SHOWN.each);
    const to = share(index === count - 1 ? whole : (index + 1) * SHOWN.each);
    return (
      `.f${index}{animation:f${index} ${whole}s step-end infinite}` +
      `@keyframes f${index}{0%{visibility:hidden}${from}{visibility:visible}${to}{visibility:hidden}}`
    );
  });
  const still = `.f{visibility:hidden}.f${count - 1}{visibility:visible}`;
  return `${still}\n@media (prefers-reduced-motion:no-preference){\n${rules.join('\n')}\n}`;
}

function rowsOf(screen) {
  return screen.flatMap((cells, row) => {
    const y = BAR + MARGIN + (row + 0.75) * CELL.height;
    const spans = runsOf(cells).map(({ column, text, style }) => spanOf(column, text, style));
    return spans.length === 0 ? [] : [`<text y="${y}">${spans.join('')}</text>`];
  });
}

/** Returns the stretches of one style, without blanks at either end. */
function runsOf(cells) {
  const runs = [];
  for (const [column, { character, style }] of cells.entries()) {
    const last = runs.at(-1);
    // A blank has no colour, so it divides nothing.
    if (last !== undefined && (character === ' ' || nameOf(last.style) === nameOf(style))) last.text += character;
    else if (character !== ' ') runs.push({ column, text: character, style });
  }
  return runs.map((run) => ({ ...run, text: run.text.trimEnd() })).flatMap(parts);
}

/** Divides a stretch at gaps of two blanks or more: each part begins in its column, whatever font there is. */
function parts({ column, text, style }) {
  return Array.from(text.matchAll(/\S+(?: \S+)*/g), (match) => ({
    column: column + match.index,
    text: match[0],
    style,
  }));
}

/** The length is given, because box characters may come from a font of another width. */
function spanOf(column, text, style) {
  const x = (MARGIN + column * CELL.width).toFixed(1);
  const length = (text.length * CELL.width).toFixed(1);
  const name = nameOf(style);
  return `<tspan${name === '' ? '' : ` class="${name}"`} x="${x}" textLength="${length}">${escaped(text)}</tspan>`;
}

function nameOf({ bold, dim, colour }) {
  return [colour, bold && 'b', dim && 'd'].filter(Boolean).join(' ');
}

function escaped(text) {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
