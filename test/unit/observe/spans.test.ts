/** Spans of the real SDK of OpenTelemetry, at both ends of a task. */
import * as api from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { afterEach, describe, expect, test } from 'vitest';
import { TaskError } from '../../../src/errors.ts';
import { spans } from '../../../src/observe/spans.ts';

interface Task {
  id: number;
  traceparent?: string;
  tracestate?: string;
}

afterEach(() => {
  api.trace.disable();
  api.context.disable();
  api.propagation.disable();
});

function registered(): InMemorySpanExporter {
  const exporter = new InMemorySpanExporter();
  const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
  api.trace.setGlobalTracerProvider(provider);
  api.context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  api.propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  return exporter;
}

/** A queue that keeps what comes. */
class Queue {
  readonly name = 'mails';
  readonly tasks: object[] = [];
  readonly given: unknown[] = [];
  error: Error | undefined;

  async submitWork<Submitted extends object>(
    task: Submitted,
    options?: { wait?: boolean },
  ): Promise<{ stored: boolean }> {
    if (this.error !== undefined) throw this.error;
    this.tasks.push(task);
    this.given.push(options);
    return { stored: true };
  }
}

const told = { id: 7, term: 3, attempt: 2 };
/** As a task comes out of the store. */
const stored = (queue: Queue): Task => structuredClone(queue.tasks[0]) as Task;

describe('submitWork', () => {
  test('makes a span of the submitter, and has the task carry it', async () => {
    const exporter = registered();
    const queue = new Queue();
    const task = { id: 7 };
    const outer = api.trace.getTracer('test').startSpan('request');
    const context = api.trace.setSpan(api.context.active(), outer);
    const result = await api.context.with(context, () => spans(api).submitWork(queue, task, { wait: true }));
    expect([result, queue.given]).toEqual([{ stored: true }, [{ wait: true }]]);
    const [span] = exporter.getFinishedSpans();
    expect(span).toMatchObject({
      name: 'send mails',
      kind: api.SpanKind.PRODUCER,
      parentSpanContext: { spanId: outer.spanContext().spanId },
      status: { code: api.SpanStatusCode.UNSET },
      attributes: {
        'messaging.system': 'mongo_failover',
        'messaging.destination.name': 'mails',
        'messaging.operation.type': 'send',
      },
    });
    const { traceId, spanId } = span?.spanContext() ?? {};
    expect(queue.tasks).toEqual([{ id: 7, traceparent: `00-${traceId}-${spanId}-01` }]);
    expect(task).toEqual({ id: 7 });
  });

  test('tells an error by its code, and hands it on', async () => {
    const exporter = registered();
    const queue = new Queue();
    queue.error = new TaskError('ERR_QUEUE_FULL', 'it is full');
    await expect(spans(api).submitWork(queue, { id: 7 })).rejects.toBe(queue.error);
    expect(exporter.getFinishedSpans()).toMatchObject([
      {
        status: { code: api.SpanStatusCode.ERROR, message: 'it is full' },
        attributes: { 'error.type': 'ERR_QUEUE_FULL' },
        events: [{ name: 'exception' }],
      },
    ]);
  });

  test('without an SDK leaves the task as it is, the very object', async () => {
    const queue = new Queue();
    const task = { id: 7 };
    await spans(api).submitWork(queue, task);
    expect(queue.tasks[0]).toBe(task);
  });

  test.each([
    ['that carries a context already', { id: 7, traceparent: 'of another program' }],
    ['that is more than its properties', Object.assign(new Date(), { id: 7 })],
    ['that writes itself', { id: 7, toBSON: () => ({ id: 7 }) }],
    ['that is a list', Object.assign([1], { id: 7 })],
  ])('leaves a task %s', async (_, task) => {
    registered();
    const queue = new Queue();
    await spans(api).submitWork(queue, task);
    expect(queue.tasks[0]).toBe(task);
  });

  test('of many tasks makes one span, whose context each carries', async () => {
    const exporter = registered();
    const given: object[][] = [];
    const queue = {
      name: 'mails',
      submitMany: async (tasks: readonly object[]) => ({ stored: given.push([...tasks]) }),
    };
    expect(await spans(api).submitMany(queue, [{ id: 1 }, { id: 2 }])).toEqual({ stored: 1 });
    const [span] = exporter.getFinishedSpans();
    expect(span).toMatchObject({ name: 'send mails', attributes: { 'messaging.batch.message_count': 2 } });
    const traceparent = expect.stringContaining(span?.spanContext().spanId ?? 'no span');
    expect(given).toEqual([
      [
        { id: 1, traceparent },
        { id: 2, traceparent },
      ],
    ]);
  });

  test.each([null, undefined, 7, 'task'])('leaves it to the cluster to refuse %j', async (task) => {
    registered();
    const refused = new TaskError('ERR_TASK_NOT_CLONEABLE', 'no task');
    const queue = {
      name: 'mails',
      submitWork: () => Promise.reject(refused),
      submitMany: () => Promise.reject(refused),
    };
    await expect(spans(api).submitWork(queue, task as never)).rejects.toBe(refused);
    await expect(spans(api).submitMany(queue, task as never)).rejects.toBe(refused);
    await expect(spans(api).submitMany(queue, [task] as never)).rejects.toBe(refused);
  });

  test('carries no state that is longer than 512 characters', async () => {
    registered();
    for (const [length, carried] of [
      [457, true],
      [458, false],
    ] as const) {
      const queue = new Queue();
      const value = 'x'.repeat(200);
      const traceState = api.createTraceState(`a=${value},b=${value},c=${'x'.repeat(length - 408)}`);
      const remote = { traceId: '1'.repeat(32), spanId: '2'.repeat(16), traceFlags: 1, traceState };
      const context = api.trace.setSpanContext(api.ROOT_CONTEXT, remote);
      await api.context.with(context, () => spans(api).submitWork(queue, { id: 7 }));
      expect([length, 'tracestate' in (queue.tasks[0] ?? {})]).toEqual([length, carried]);
      expect(queue.tasks[0]).toHaveProperty('traceparent');
    }
  });
});

describe('work', () => {
  test('makes a span for each attempt: a trace of its own, linked to the submitter', async () => {
    const exporter = registered();
    const queue = new Queue();
    const traced = spans(api);
    await traced.submitWork(queue, { id: 7 });
    const active: (string | undefined)[] = [];
    const work = traced.work('mails', async ({ id }: Task, context: typeof told) => {
      await new Promise(setImmediate);
      active.push(api.trace.getActiveSpan()?.spanContext().spanId);
      return id === 7 && context === told;
    });
    expect(await work(stored(queue), told)).toBe(true);
    const [sent, done] = exporter.getFinishedSpans();
    expect(done).toMatchObject({
      name: 'process mails',
      kind: api.SpanKind.CONSUMER,
      status: { code: api.SpanStatusCode.UNSET },
      attributes: {
        'messaging.operation.type': 'process',
        'messaging.message.id': '7',
        'mongo_failover.term': 3,
        'mongo_failover.attempt': 2,
      },
      links: [{ context: { spanId: sent?.spanContext().spanId, traceId: sent?.spanContext().traceId } }],
    });
    expect(done?.parentSpanContext).toBeUndefined();
    expect(done?.spanContext().traceId).not.toBe(sent?.spanContext().traceId);
    expect(active).toEqual([done?.spanContext().spanId]);
  });

  test('with parent: true is in the trace of the submitter', async () => {
    const exporter = registered();
    const queue = new Queue();
    const traced = spans(api, { parent: true });
    await traced.submitWork(queue, { id: 7 });
    await traced.work('mails', () => true)(stored(queue), told);
    const [sent, done] = exporter.getFinishedSpans();
    expect(done?.parentSpanContext?.spanId).toBe(sent?.spanContext().spanId);
    expect(done?.links).toEqual([]);
  });

  test.each([{ id: 7 }, { id: 7, traceparent: 'nonsense' }, { id: 7, traceparent: 7 }])(
    'that was submitted without a context has no link: %j',
    async (task) => {
      const exporter = registered();
      await spans(api).work('mails', () => true)(task, told);
      expect(exporter.getFinishedSpans()).toMatchObject([{ name: 'process mails', links: [] }]);
    },
  );

  test.each<[string, () => unknown, string]>([
    ['false', () => false, 'ERR_WORK_FAILED'],
    ['an error', () => Promise.reject(new RangeError('too far')), 'RangeError'],
    ['an error with a code', () => Promise.reject(Object.assign(new Error('gone'), { code: 'ENOENT' })), 'ENOENT'],
    ['no error at all', () => Promise.reject(null), 'Error'],
  ])('that ends by %s is a failed span, and the result is the same', async (_, end, kind) => {
    const exporter = registered();
    const work = spans(api).work('mails', end);
    const [plain, traced] = await Promise.allSettled([(async () => end())(), work({ id: 7 }, told)]);
    expect(traced).toEqual(plain);
    expect(exporter.getFinishedSpans()).toMatchObject([
      { status: { code: api.SpanStatusCode.ERROR }, attributes: { 'error.type': kind } },
    ]);
  });
});
