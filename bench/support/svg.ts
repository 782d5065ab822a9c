/**
 * Charts as SVG, without a library: horizontal bars, or one dot for each sample with its limit beside it. Colours are
 * chosen by `prefers-color-scheme`, and nothing is painted behind them, so a picture is readable on a dark page
 * and on a light one.
 */
import { Axis } from './svgAxis.js';

export interface BarChart {
  readonly kind: 'bars';
  readonly title: string;
  readonly subtitle: string;
  readonly unit: string;
  readonly scale: 'linear' | 'log';
  readonly groups: readonly { readonly label: string; readonly bars: readonly Bar[] }[];
  readonly limit?: Limit;
}

interface Bar {
  readonly label: string;
  readonly value: number;
  /** How the value is written beside the bar. */
  readonly text: string;
}

interface Limit {
  readonly value: number;
  readonly label: string;
}

export interface DotChart {
  readonly kind: 'dots';
  readonly title: string;
  readonly subtitle: string;
  readonly unit: string;
  readonly rows: readonly { readonly label: string; readonly samples: readonly number[]; readonly limit?: Limit }[];
}

const WIDTH = 840;
const LEFT = 210;
const RIGHT = 90;
const TOP = 66;
const AXIS = 34;
const BAR = 17;
const GAP = 16;
const ROW = 58;

const style = `
  text { font: 13px system-ui, -apple-system, 'Segoe UI', sans-serif; fill: #24292f; }
  .title { font-size: 16px; font-weight: 600; }
  .soft { fill: #57606a; font-size: 12px; }
  .grid { stroke: #d0d7de; stroke-width: 1; }
  .limit { stroke: #cf222e; stroke-width: 1.5; stroke-dasharray: 5 4; }
  .limitText { fill: #cf222e; font-size: 12px; }
  .c0 { fill: #0969da; } .c1 { fill: #8250df; } .c2 { fill: #bf8700; } .c3 { fill: #1a7f37; }
  .dot { fill: #0969da; fill-opacity: 0.55; }
  .middle { stroke: #24292f; stroke-width: 2; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3; }
    .soft { fill: #9198a1; }
    .grid { stroke: #3d444d; }
    .limit { stroke: #ff7b72; } .limitText { fill: #ff7b72; }
    .c0 { fill: #58a6ff; } .c1 { fill: #bc8cff; } .c2 { fill: #e3b341; } .c3 { fill: #56d364; }
    .dot { fill: #58a6ff; }
    .middle { stroke: #e6edf3; }
  }`;

export function renderSvg(chart: BarChart | DotChart): string {
  return chart.kind === 'bars' ? bars(chart) : dots(chart);
}

function bars(chart: BarChart): string {
  const { groups, limit, scale } = chart;
  const values = groups.flatMap((group) => group.bars.map((bar) => bar.value));
  const axis = new Axis(limit === undefined ? values : [...values, limit.value], scale, LEFT, WIDTH - RIGHT);
  const parts: string[] = [];
  let y = TOP;
  for (const { label, bars: own } of groups) {
    parts.push(text(LEFT - 10, y + (own.length * BAR) / 2 + 4, label, '', 'end'));
    for (const [index, bar] of own.entries()) {
      const width = Math.max(1, axis.at(bar.value) - LEFT);
      parts.push(`<rect class="c${index % 4}" x="${LEFT}" y="${y}" width="${n(width)}" height="${BAR - 3}" rx="2"/>`);
      parts.push(text(LEFT + width + 6, y + BAR - 6, `${bar.label} ${bar.text}`, 'soft'));
      y += BAR;
    }
    y += GAP;
  }
  const marks = limit === undefined ? '' : limitLine(axis.at(limit.value), TOP - 6, y - GAP + 4, limit.label);
  return page(chart, y + AXIS, [grid(axis, y - GAP + 6, chart.unit), ...parts, marks]);
}

function dots(chart: DotChart): string {
  const limits = chart.rows.flatMap(({ limit }) => (limit === undefined ? [] : [limit.value]));
  const samples = chart.rows.flatMap((row) => row.samples);
  const axis = new Axis([...samples, ...limits], 'linear', LEFT, WIDTH - RIGHT);
  const parts: string[] = [];
  for (const [index, { label, samples: own, limit }] of chart.rows.entries()) {
    const middle = TOP + index * ROW + ROW / 2;
    parts.push(text(LEFT - 10, middle + 4, label, '', 'end'));
    const sorted = [...own].sort((a, b) => a - b);
    for (const [rank, value] of sorted.entries()) {
      // Spread up and down in turn, so equal samples do not hide each other.
      const y = middle + (((rank * 7) % 11) - 5) * 2.2;
      parts.push(`<circle class="dot" cx="${n(axis.at(value))}" cy="${n(y)}" r="3.5"/>`);
    }
    const half = sorted[Math.ceil(sorted.length / 2) - 1];
    if (half !== undefined) {
      const x = n(axis.at(half));
      parts.push(`<line class="middle" x1="${x}" x2="${x}" y1="${middle - 16}" y2="${middle + 16}"/>`);
    }
    if (limit !== undefined) parts.push(limitLine(axis.at(limit.value), middle - 18, middle + 20, limit.label));
  }
  const bottom = TOP + chart.rows.length * ROW;
  return page(chart, bottom + AXIS, [grid(axis, bottom, chart.unit), ...parts]);
}

function page(chart: { title: string; subtitle: string }, height: number, parts: readonly string[]): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${n(height)}" width="${WIDTH}" height="${n(height)}" role="img" aria-label="${escapeXml(chart.title)}">`,
    `<style>${style}\n</style>`,
    text(16, 24, chart.title, 'title'),
    text(16, 44, chart.subtitle, 'soft'),
    ...parts.filter((part) => part !== ''),
    '</svg>\n',
  ].join('\n');
}

function grid(axis: Axis, bottom: number, unit: string): string {
  const lines = axis.ticks().map(({ at, label }) => {
    const x = n(at);
    const line = `<line class="grid" x1="${x}" x2="${x}" y1="${TOP - 6}" y2="${n(bottom)}"/>`;
    return `${line}${text(at, bottom + 16, label, 'soft', 'middle')}`;
  });
  return [...lines, text(WIDTH - RIGHT + 30, bottom + 16, unit, 'soft')].join('\n');
}

function limitLine(x: number, top: number, bottom: number, label: string): string {
  const line = `<line class="limit" x1="${n(x)}" x2="${n(x)}" y1="${n(top)}" y2="${n(bottom)}"/>`;
  return `${line}${text(x, top - 3, label, 'limitText', 'middle')}`;
}

function text(x: number, y: number, content: string, kind = '', anchor = 'start'): string {
  const attributes = `${kind === '' ? '' : ` class="${kind}"`}${anchor === 'start' ? '' : ` text-anchor="${anchor}"`}`;
  return `<text x="${n(x)}" y="${n(y)}"${attributes}>${escapeXml(content)}</text>`;
}

function n(value: number): string {
  return String(Math.round(value * 10) / 10);
}

function escapeXml(content: string): string {
  return content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
