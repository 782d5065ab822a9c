/** The work of `everyCall.mts` and `everyCall.cts`: it uses all that the context has. */
import { PermanentError, type TaskContext, type Work, type WorkResult } from 'mongo-failover';

export interface Call {
  readonly id: number | string;
  readonly does: 'greet' | 'fail' | 'postpone' | 'wait' | 'tell slot';
  readonly whom?: string;
}

const work: Work<Call> = async ({ does, whom }: Call, context: TaskContext): Promise<WorkResult> => {
  switch (does) {
    case 'greet':
      return { result: `hello ${whom}` };
    case 'fail':
      throw new PermanentError('nobody is there');
    case 'postpone':
      if (context.lastCheckpoint !== undefined) return { result: [context.lastCheckpoint, context.attempt] };
      await context.checkpoint({ row: 17 });
      return context.retryIn(100);
    case 'wait':
      await new Promise((_resolve, reject) => {
        context.signal.addEventListener('abort', () => reject(context.signal.reason));
      });
      return true;
    case 'tell slot':
      return { result: context.schedule };
  }
};

export default work;
