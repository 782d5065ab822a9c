/** The processor of BullMQ, which its worker threads load, and which runs on the main thread otherwise. */
import { job, type PeerTask } from './job.js';

interface BullmqJob {
  readonly data: PeerTask;
}

export default async function processor({ data }: BullmqJob, _token?: string, signal?: AbortSignal): Promise<void> {
  await job(data, { isStopped: () => signal?.aborted === true });
}
