/**
 * Inside a task thread: loads the user's module once, then runs one chunk of tasks after another. The thread lives for
 * one mastership at most, so nothing of one term is left over in the next.
 */
import { BroadcastChannel, type MessagePort, parentPort } from 'node:worker_threads';
import { attemptEnded } from '../queue/checkpointErrors.js';
import { flushOutput } from '../surroundings/ownOutput.js';
import { type OwnThreadData, threadBegins } from '../surroundings/ownThreads.js';
import { MemberCounts } from '../wire/sharedCounts.js';
import { SharedLease } from '../wire/sharedLease.js';
import type { AbortMessage } from './abortMessage.js';
import { ThreadAnswers } from './answerPort.js';
import { failureOf, type UserWork } from './callWork.js';
import type { Chunk } from './chunk.js';
import { ChunkProgress } from './chunkProgress.js';
import type { PutCheckpoint, WorkContext } from './context.js';
import { loadWork } from './loadWork.js';
import { lowerThreadPriority } from './lowerPriority.js';
import { type ChunkAnswer, runChunk } from './runChunk.js';
import { callStop, stopOf } from './stopHook.js';

/** Given to a task thread when it starts. */
export interface TaskThreadData {
  /** The URL of the user's module. */
  readonly work: string;
  readonly lease: SharedArrayBuffer;
  /** The buffer of its `ChunkProgress`. */
  readonly progress: SharedArrayBuffer;
  /** The buffer of the cluster's `MemberCounts`; undefined: tasks are not measured. */
  readonly counts?: SharedArrayBuffer;
  /** Whether the work may return results. */
  readonly results?: boolean;
  /** Name of the broadcast channel that tells running work to end. */
  readonly abortChannel: string;
}

/** One message to a task thread. `load`: the question whether the module loads. `stop`: no task follows. */
export interface TaskThreadCall {
  readonly term: number;
  readonly chunk: Chunk | 'load' | 'stop';
  /** Comes with `load`. */
  readonly answers?: MessagePort;
}

/** In the place of how long a run took, what is answered to `load` if the module exports a function `stop`. */
export const HAS_STOP = 1;

/** What it answers. Nearly every run ends without a failure, and then how long it took is all. */
export type TaskThreadAnswer = number | ChunkAnswer;

export function startTaskThread(
  data: TaskThreadData & OwnThreadData,
): (call: TaskThreadCall) => Promise<TaskThreadAnswer> {
  threadBegins(data);
  lowerThreadPriority();
  const lease = new SharedLease(data.lease);
  const progress = new ChunkProgress(data.progress);
  const measured = data.counts === undefined ? {} : { taskTime: new MemberCounts(data.counts).taskTime };
  let running: WorkContext | undefined;
  const begins = (context: WorkContext): void => {
    running = context;
  };
  const channel = new BroadcastChannel(data.abortChannel);
  channel.onmessage = ({ data: message }: { data: AbortMessage }) => {
    if (message.id === undefined || Object.is(message.id, running?.id)) running?.abort(message.reason);
  };
  channel.unref();
  let loading: Promise<UserWork> | undefined;

  let answers: ThreadAnswers | undefined;
  const keepResult = (done: number, result: Uint8Array): void => answers?.keepResult(done, result);
  const putCheckpoint: PutCheckpoint = async (context, bytes) => {
    if (context !== running || answers === undefined) throw attemptEnded();
    // The task that runs is the one after those that are done.
    await answers.putCheckpoint(progress.done, bytes);
  };

  return async ({ term, chunk, answers: port }) => {
    if (port !== undefined) answers = new ThreadAnswers(port);
    let work: UserWork;
    try {
      loading ??= loadAlone(data.work);
      work = await loading;
    } catch (error) {
      return { failure: failureOf(error), took: 0 };
    }
    if (chunk === 'load') return stopOf(work) === undefined ? 0 : HAS_STOP;
    if (chunk === 'stop') return stop(work);
    answers?.begins();
    const handBack = { keepResult: data.results === true ? keepResult : null, putCheckpoint };
    const answer = await runChunk(chunk, { work, term, lease, progress, begins, ...handBack, ...measured });
    running = undefined;
    return answer.failure === null ? answer.took : answer;
  };
}

async function stop(work: UserWork): Promise<ChunkAnswer> {
  const answer = await callStop(stopOf(work));
  await flushOutput();
  return answer;
}

/**
 * Piscina calls through a port of its own, and this one has served once it does. Left open, whatever the user's module
 * posts to it would arrive in the coordinator: a loop of that fills its memory, and holds up every beat.
 */
function loadAlone(href: string): Promise<UserWork> {
  parentPort?.close();
  return loadWork(href);
}
