/**
 * A sharded cluster, played before one real server: two front ends that say to be its routers (mongos). They pass commands
 * on, unless the shard behind them is told to be out of reach; then they answer as mongos does, whether the shard did the
 * command or not.
 */
import { authority } from '../support/tcpProxy.js';
import { type Call, Front, type FrontMode, type Target } from './fronts/front.js';
import { common, isHello, News, writable } from './fronts/hello.js';
import { outgoing } from './fronts/outgoing.js';
import { errorAnswer, type ServerErrorName } from './fronts/serverErrors.js';

const ROUTERS = 2;
/** What a router answers by itself. */
const own = ['ping', 'buildInfo', 'connectionStatus', 'saslStart', 'saslContinue'];
const writes = ['insert', 'update', 'delete'];

interface ShardFault {
  readonly error: ServerErrorName;
  /** Whether only the answers of writes do not come back, which the shard does. Else nothing reaches it. */
  readonly done: boolean;
}

export class ShardedCluster {
  /** What happens to all that needs the shard. */
  fault: ShardFault | undefined;
  private readonly routers: Front[] = [];
  private readonly news = new News();

  private constructor(private readonly target: Target) {}

  /** Before the first server of the connect string. */
  static async before(uri: string): Promise<ShardedCluster> {
    const { host, port } = authority(uri);
    const cluster = new ShardedCluster({ host, port });
    for (let count = 0; count < ROUTERS; count += 1) {
      cluster.routers.push(await Front.start(cluster.target, (call) => cluster.handle(call)));
    }
    return cluster;
  }

  uri(database = ''): string {
    return `mongodb://${this.routers.map(({ port }) => `127.0.0.1:${port}`).join(',')}/${database}`;
  }

  get ports(): readonly number[] {
    return this.routers.map(({ port }) => port);
  }

  /** Of one router; the other goes on. */
  set(router: number, mode: FrontMode): void {
    this.routers[router]?.set(mode);
  }

  async close(): Promise<void> {
    await Promise.all(this.routers.map((router) => router.close()));
  }

  private async handle(call: Call): Promise<void> {
    if (isHello(call)) {
      return this.news.answer(call, () => ({
        ...common(call),
        ...writable(call, true),
        msg: 'isdbgrid',
        topologyVersion: this.news.version,
        logicalSessionTimeoutMinutes: 30,
      }));
    }
    if (call.name === 'endSessions') return call.answer({ ok: 1 });
    const { fault } = this;
    const isSpared = own.includes(call.name) || (fault?.done === true && !writes.includes(call.name));
    if (fault === undefined || isSpared) return call.hand(await call.pass(outgoing(call.message)));
    if (fault.done) await call.pass(outgoing(call.message));
    call.answer(errorAnswer(fault.error));
  }
}
