/** Spans of a task that is submitted on one member and done, at its second attempt, in the task thread of another. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as api from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { spans } from 'mongo-failover/opentelemetry';
import { expect, onTestFinished, test } from 'vitest';
import { open, settledFolder } from '../support/clusters.ts';
import { Events } from '../support/events.ts';

const work = new URL('./fixtures/tracedWork.mjs', import.meta.url);

test('each attempt is a span in the task thread, linked to the span of the member that has submitted it', async () => {
  const exporter = new InMemorySpanExporter();
  const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
  api.trace.setGlobalTracerProvider(provider);
  api.propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  onTestFinished(() => {
    api.trace.disable();
    api.propagation.disable();
  });
  const folder = await settledFolder();
  const file = join(folder, 'spans');
  const member = () =>
    new (open({ folder }).managed)<{ id: number; file: string }>('traced', 'id', work, { durable: true });
  const master = member();
  const events = new Events(master);
  await master.run();
  await events.first('master');
  await spans(api).submitWork(member(), { id: 1, file });
  await events.done(1);

  const [sent] = exporter.getFinishedSpans();
  const ended = readFileSync(file, 'utf8').trim().split('\n');
  const [firstChild, first, secondChild, second] = ended.map((line) => JSON.parse(line));
  expect(ended).toHaveLength(4);
  for (const [attempt, span] of [first, second].entries()) {
    expect(span).toMatchObject({
      name: 'process traced',
      linked: [sent?.spanContext().spanId],
      attributes: {
        'messaging.message.id': '1',
        'mongo_failover.attempt': attempt + 1,
        'mongo_failover.term': master.term,
      },
    });
  }
  expect([first.status, second.status]).toEqual([api.SpanStatusCode.ERROR, api.SpanStatusCode.UNSET]);
  expect([firstChild.parent, secondChild.parent]).toEqual([first.spanId, second.spanId]);
});
