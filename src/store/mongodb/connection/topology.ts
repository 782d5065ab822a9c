/**
 * Remembers whether the server is the only one, as it says of itself in `hello`, until the connection is lost: another
 * server may answer at the same address by then. What a call was refused with is never remembered.
 */
import type { Commands } from '../commands.js';

export class Topology {
  private saidAlone = false;
  /** Counts the connections, because an answer may come after its connection was lost. */
  private connections = 0;

  constructor(private readonly commands: Commands) {}

  /** Is true if the server has said, since the last reconnect, that there is no other one. */
  get alone(): boolean {
    return this.saidAlone;
  }

  /** Asks the server. */
  async ask(what: string): Promise<void> {
    const { connections } = this;
    const { setName, msg, isreplicaset, serviceId } = await this.commands.send(what, { hello: 1 });
    const isRouter = msg === 'isdbgrid' || (serviceId !== undefined && serviceId !== null);
    const isMember = typeof setName === 'string' || isreplicaset === true;
    if (connections === this.connections) this.saidAlone = !isRouter && !isMember;
  }

  reconnected(): void {
    this.connections += 1;
    this.saidAlone = false;
  }
}
