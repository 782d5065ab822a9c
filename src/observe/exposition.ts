/** Writes metrics as Prometheus reads them: its text format 0.0.4, or OpenMetrics 1.0. */
import type { MetricFamily, MetricSample } from './families.js';

export type Exposition = 'prometheus' | 'openmetrics';

export const contentTypes: { readonly [format in Exposition]: string } = {
  prometheus: 'text/plain; version=0.0.4; charset=utf-8',
  openmetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
};

/** Returns the format that an `Accept` header asks for. */
export function expositionFor(accept: string | undefined): Exposition {
  const wanted = (accept ?? '').split(',').map((range) => {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
    const quality = parameters.find((parameter) => parameter.startsWith('q='));
    return { type, quality: quality === undefined ? 1 : Number(quality.slice(2)) };
  });
  const best = (types: readonly string[]): number =>
    Math.max(0, ...wanted.filter(({ type }) => types.includes(type)).map(({ quality }) => quality));
  const open = best(['application/openmetrics-text']);
  return open > 0 && open >= best(['text/plain']) ? 'openmetrics' : 'prometheus';
}

export function expose(families: readonly MetricFamily[], format: Exposition): string {
  const lines = families.filter(({ samples }) => samples.length > 0).flatMap((family) => linesOf(family, format));
  if (format === 'openmetrics') lines.push('# EOF');
  return `${lines.join('\n')}\n`;
}

function linesOf(family: MetricFamily, format: Exposition): string[] {
  const { help, samples } = family;
  const { name, type } = format === 'openmetrics' ? openMetricsHead(family) : prometheusHead(family);
  return [`# HELP ${name} ${escapeHelp(help)}`, `# TYPE ${name} ${type}`, ...samples.map(sampleText)];
}

function prometheusHead({ name, type }: MetricFamily): { name: string; type: string } {
  return { name, type: type === 'info' ? 'gauge' : type };
}

/** There a family has the name without the suffix that its kind of samples has. */
function openMetricsHead({ name, type }: MetricFamily): { name: string; type: string } {
  return { name: name.replace(type === 'counter' ? /_total$/ : type === 'info' ? /_info$/ : /(?!)/, ''), type };
}

function sampleText({ name, labels, value }: MetricSample): string {
  const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escapeLabel(text)}"`);
  return `${name}${pairs.length === 0 ? '' : `{${pairs.join(',')}}`} ${numberText(value)}`;
}

function numberText(value: number): string {
  if (Number.isFinite(value)) return String(value);
  if (Number.isNaN(value)) return 'NaN';
  return value > 0 ? '+Inf' : '-Inf';
}

function escapeLabel(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"');
}

function escapeHelp(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
}
