/**
 * Spans of OpenTelemetry for tasks: one where a task is submitted, and one for each attempt at it, in the thread that works.
 * Nothing of OpenTelemetry is loaded here: the program hands its API in.
 *
 * The context of the submitter travels in the task, by the names that W3C Trace Context has for it. So it needs nothing of
 * the store, outlives a failover, and can be written and read by programs in other languages.
 */

/** Is a context of OpenTelemetry, as far as it is needed here. */
export interface SpanContextCarrier {
  /** Returns what was set. */
  getValue(key: symbol): unknown;
}

/** Is a span of OpenTelemetry, as far as it is needed here. */
export interface OpenTelemetrySpan {
  /** Says how it went. */
  setStatus(status: { code: number; message?: string }): unknown;
  /** Adds what is known later. */
  setAttribute(key: string, value: string | number | boolean): unknown;
  /** Adds an exception. */
  recordException(exception: { name: string; message: string; stack?: string }): void;
  /** Ends it. */
  end(): void;
}

/** Says how a span begins. */
export interface SpanStart {
  /** Is its kind, as a number of `SpanKind`. */
  kind: number;
  /** Says what is known. */
  attributes: { [name: string]: string | number };
  /** Leads to the span of the submitter. */
  links?: { context: never }[];
  /** Says whether it begins a trace. */
  root?: boolean;
}

/** Is the API of OpenTelemetry, `import * as api from '@opentelemetry/api'`, as far as it is needed here. */
export interface OpenTelemetryApi {
  /** Makes spans. */
  readonly trace: {
    getTracer(name: string): {
      startSpan(name: string, options?: SpanStart, context?: SpanContextCarrier): OpenTelemetrySpan;
    };
    setSpan(context: SpanContextCarrier, span: OpenTelemetrySpan): SpanContextCarrier;
    getSpanContext(context: SpanContextCarrier): object | undefined;
  };
  /** Holds the context of what runs. */
  readonly context: {
    active(): SpanContextCarrier;
    with<Result>(context: SpanContextCarrier, run: () => Result): Result;
  };
  /** Writes and reads contexts. */
  readonly propagation: {
    inject(context: SpanContextCarrier, carrier: object): void;
    extract(context: SpanContextCarrier, carrier: object): SpanContextCarrier;
  };
  /** Is the empty context. */
  readonly ROOT_CONTEXT: SpanContextCarrier;
  /** Names the kinds. */
  readonly SpanKind: { readonly PRODUCER: number; readonly CONSUMER: number };
  /** Names the codes. */
  readonly SpanStatusCode: { readonly ERROR: number };
}

/** Is a cluster that owns a queue, as far as it is needed here. */
export interface TracedCluster<Task, Options, Stored> {
  /** Names the subsystem. */
  readonly name: string;
  /** Queues a task. */
  submitWork(task: Task, options?: Options): Promise<Stored>;
}

/** Is the same for many tasks at once. */
export interface TracedBatchCluster<Task, Options, Stored> {
  /** Names the subsystem. */
  readonly name: string;
  /** Queues the tasks. */
  submitMany(tasks: readonly Task[], options?: Options): Promise<Stored>;
}

/** Says how tasks are traced. Everything is optional. */
export interface SpansOptions {
  /**
   * Makes the span of the submitter the parent of each attempt, so they are one trace. Default false: each attempt begins a
   * trace that is linked to the submitter's, because a task may wait for days and be tried many times.
   */
  parent?: boolean | undefined;
}

/** Is what a work is told of its task, as far as it is needed here. */
export interface TracedContext {
  /** Holds the id of the task. */
  readonly id: string | number;
  /** Numbers the mastership. */
  readonly term: number;
  /** Counts the tries. */
  readonly attempt: number;
}

/** Holds the two ends of a trace. */
export interface Spans {
  /**
   * Submits a task within a span `send NAME`, and has the task carry its context.
   *
   * @throws What `submitWork` of the cluster throws; the span tells it, too.
   */
  submitWork<Task extends object, Options, Stored>(
    cluster: TracedCluster<Task, Options, Stored>,
    task: Task,
    options?: Options,
  ): Promise<Stored>;
  /**
   * Submits many tasks within one span `send NAME`, whose context each of them carries.
   *
   * @throws What `submitMany` of the cluster throws; the span tells it, too.
   */
  submitMany<Task extends object, Options, Stored>(
    cluster: TracedBatchCluster<Task, Options, Stored>,
    tasks: readonly Task[],
    options?: Options,
  ): Promise<Stored>;
  /**
   * Returns a work that does the same within a span `process NAME` for each attempt. While it runs, the span is the active one
   * of its thread, so spans of a database are below it.
   *
   * @param name The name of the subsystem.
   * @param work The work, whatever it takes and returns.
   */
  work<Task, Context extends TracedContext, Result>(
    name: string,
    work: (task: Task, context: Context) => Result,
  ): (task: Task, context: Context) => Promise<Awaited<Result>>;
}

/** As W3C Trace Context names them. */
const FIELDS = ['traceparent', 'tracestate'] as const;
/** A context that takes more is not carried. */
const CARRIED_MAX = 512;
const SYSTEM = 'mongo_failover';

/**
 * Makes spans by an API of OpenTelemetry. Without a registered SDK that API does nothing, and tasks are left as they are.
 *
 * @example
 * ```ts
 * import * as api from '@opentelemetry/api';
 * import { failover } from 'mongo-failover';
 * import { spans } from 'mongo-failover/opentelemetry';
 *
 * const { submitWork, work } = spans(api);
 * const { managed: Managed } = failover({ nodb: true });
 * const mails = new Managed<{ id: number }>('mails', 'id', work('mails', ({ id }) => id > 0), { durable: true });
 * await submitWork(mails, { id: 1 });
 * ```
 *
 * @param api The whole of `@opentelemetry/api`.
 * @param options Whether an attempt is part of the submitter's trace.
 */
export function spans(api: OpenTelemetryApi, options: SpansOptions = {}): Spans {
  const tracer = api.trace.getTracer('mongo-failover');
  const send = <Stored>(attributes: Attributes, submit: (carrier: Carrier) => Promise<Stored>): Promise<Stored> => {
    const name = `send ${attributes['messaging.destination.name']}`;
    const span = tracer.startSpan(name, { kind: api.SpanKind.PRODUCER, attributes }, api.context.active());
    const context = api.trace.setSpan(api.context.active(), span);
    return within(api, span, () => api.context.with(context, () => submit(carriedBy(api, context)))) as Promise<Stored>;
  };
  return {
    submitWork: (cluster, task, submitOptions) =>
      send(attributesOf(cluster.name, 'send'), (carrier) => cluster.submitWork(carrying(task, carrier), submitOptions)),
    async submitMany(cluster, tasks, submitOptions) {
      // Before it is read: what is no list is told by the cluster.
      if (!Array.isArray(tasks)) return cluster.submitMany(tasks, submitOptions);
      const attributes = { ...attributesOf(cluster.name, 'send'), 'messaging.batch.message_count': tasks.length };
      return send(attributes, (carrier) =>
        cluster.submitMany(
          tasks.map((task) => carrying(task, carrier)),
          submitOptions,
        ),
      );
    },
    work<Task, Context extends TracedContext, Result>(name: string, work: (task: Task, context: Context) => Result) {
      return async (task: Task, told: Context): Promise<Awaited<Result>> => {
        const submitter = api.propagation.extract(api.ROOT_CONTEXT, carrierIn(task));
        const span = tracer.startSpan(`process ${name}`, attemptOf(api, name, told, submitter, options), submitter);
        const context = api.trace.setSpan(api.context.active(), span);
        return within(api, span, () => api.context.with(context, () => work(task, told)));
      };
    },
  };
}

type Attributes = SpanStart['attributes'];

function attributesOf(name: string, operation: 'send' | 'process'): Attributes {
  return {
    'messaging.system': SYSTEM,
    'messaging.destination.name': name,
    'messaging.operation.name': operation,
    'messaging.operation.type': operation,
  };
}

function attemptOf(
  api: OpenTelemetryApi,
  name: string,
  { id, term, attempt }: TracedContext,
  submitter: SpanContextCarrier,
  { parent = false }: SpansOptions,
): SpanStart {
  const attributes = {
    ...attributesOf(name, 'process'),
    'messaging.message.id': String(id),
    'mongo_failover.term': term,
    'mongo_failover.attempt': attempt,
  };
  const start = { kind: api.SpanKind.CONSUMER, attributes };
  const link = api.trace.getSpanContext(submitter);
  if (parent || link === undefined) return start;
  return { ...start, root: true, links: [{ context: link as never }] };
}

/** Ends the span with what comes of the run, which is handed on. */
async function within<Result>(
  api: OpenTelemetryApi,
  span: OpenTelemetrySpan,
  run: () => Result,
): Promise<Awaited<Result>> {
  try {
    const result = await run();
    // What a work says of a task that is to be tried again.
    if (result === false) fail(api, span, 'ERR_WORK_FAILED', 'the work returned false');
    return result;
  } catch (error) {
    const { name, message, stack, code } = Object(error) as { [part: string]: unknown };
    const kind = typeof code === 'string' ? code : String(name ?? 'Error');
    const text = typeof message === 'string' ? message : String(error);
    span.recordException({ name: kind, message: text, ...(typeof stack === 'string' ? { stack } : {}) });
    fail(api, span, kind, text);
    throw error;
  } finally {
    span.end();
  }
}

function fail(api: OpenTelemetryApi, span: OpenTelemetrySpan, kind: string, message: string): void {
  span.setAttribute('error.type', kind);
  span.setStatus({ code: api.SpanStatusCode.ERROR, message });
}

type Carrier = { [field in (typeof FIELDS)[number]]?: string };

/** Returns what is carried of a context: nothing without a registered SDK. */
function carriedBy(api: OpenTelemetryApi, context: SpanContextCarrier): Carrier {
  const injected = {};
  api.propagation.inject(context, injected);
  const { traceparent, tracestate } = carrierIn(injected);
  if (traceparent === undefined) return {};
  // The second is of use to vendors alone.
  const fits = tracestate !== undefined && traceparent.length + tracestate.length <= CARRIED_MAX;
  return fits ? { traceparent, tracestate } : { traceparent };
}

function carrierIn(task: unknown): Carrier {
  const carrier: Carrier = {};
  if (typeof task !== 'object' || task === null) return carrier;
  for (const field of FIELDS) {
    const value: unknown = Reflect.get(task, field);
    if (typeof value === 'string' && value.length <= CARRIED_MAX) carrier[field] = value;
  }
  return carrier;
}

/** Returns a copy of the task that carries a context: of what is more than its properties the task itself. */
function carrying<Task extends object>(task: Task, carrier: Carrier): Task {
  if (typeof task !== 'object' || task === null) return task;
  if (carrier.traceparent === undefined || 'traceparent' in task || !isPlain(task)) return task;
  return { ...task, ...carrier };
}

/** An object of any realm whose properties are all that it is. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === null) return true;
  return typeof prototype === 'object' && Object.getPrototypeOf(prototype) === null && !('toBSON' in value);
}
