/** What is compiled finds its imports when it runs: prints `true true function`. */
import * as all from 'mongo-failover';
import { FailoverError, failover } from 'mongo-failover';

try {
  failover({ nodb: true, intervals: { MASTER: -1 } });
} catch (error) {
  console.log(error instanceof FailoverError, all.FailoverError === FailoverError, typeof all.failover);
}
