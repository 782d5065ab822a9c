/** The two text formats. A real parser reads them in test/observe. */
import { expect, test } from 'vitest';
import { expose, expositionFor } from '../../../src/observe/exposition.ts';
import type { MetricFamily } from '../../../src/observe/families.ts';

const families: MetricFamily[] = [
  { name: 'm_gauge', help: 'a\\b\nc', type: 'gauge', samples: [{ name: 'm_gauge', labels: {}, value: 0.25 }] },
  {
    name: 'm_total',
    help: 'counts',
    type: 'counter',
    samples: [{ name: 'm_total', labels: { name: 'quote " back \\ line\n', op: 'x' }, value: 3 }],
  },
  { name: 'm_info', help: 'says', type: 'info', samples: [{ name: 'm_info', labels: { a: 'b' }, value: 1 }] },
  { name: 'm_unknown', help: 'nothing', type: 'gauge', samples: [] },
];

test('the text of Prometheus has the full names, and no family without a value', () => {
  expect(expose(families, 'prometheus')).toBe(
    [
      '# HELP m_gauge a\\\\b\\nc',
      '# TYPE m_gauge gauge',
      'm_gauge 0.25',
      '# HELP m_total counts',
      '# TYPE m_total counter',
      'm_total{name="quote \\" back \\\\ line\\n",op="x"} 3',
      '# HELP m_info says',
      '# TYPE m_info gauge',
      'm_info{a="b"} 1',
      '',
    ].join('\n'),
  );
});

test('OpenMetrics names families without what their samples end with, and has an end', () => {
  const lines = expose(families, 'openmetrics').split('\n');
  expect(lines).toContain('# TYPE m counter');
  expect(lines).toContain('# TYPE m info');
  expect(lines.slice(-2)).toEqual(['# EOF', '']);
});

test.each([
  [undefined, 'prometheus'],
  ['*/*', 'prometheus'],
  ['text/plain', 'prometheus'],
  ['application/openmetrics-text; version=1.0.0; charset=utf-8,text/plain;version=0.0.4;q=0.5', 'openmetrics'],
  ['application/openmetrics-text;version=1.0.0;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1', 'openmetrics'],
  ['application/openmetrics-text;q=0.3, text/plain;q=0.9', 'prometheus'],
  ['application/openmetrics-text;q=0', 'prometheus'],
])('to Accept %j the answer is %s', (accept, format) => {
  expect(expositionFor(accept)).toBe(format);
});
