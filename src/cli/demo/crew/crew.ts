/** The members of a run, and what they said of themselves. */
import { MemberHandle, type MemberListener } from './memberHandle.js';
import type { FromMember, ToMember } from './messages.js';

type Blocked = Extract<FromMember, { type: 'blocked' }>;

interface Election {
  readonly member: MemberHandle;
  readonly term: number | null;
  readonly at: number;
  /** How late timers were on its machine during the block, in ms. */
  readonly late: number;
  /** When the member last saw progress of the master before it. */
  readonly sawAt: number | null;
}

export class Crew {
  readonly members: readonly MemberHandle[];
  /** How many have been fed all tasks. */
  fed = 0;
  /** Each mastership that began, in order. */
  readonly elections: Election[] = [];
  readonly blocks = new Map<MemberHandle, Blocked>();
  /** What must not happen. */
  readonly mishaps: string[] = [];

  /** `listener` hears of everything after it was noted down here. */
  constructor(count: number, listener: MemberListener) {
    const noting: MemberListener = {
      said: (member, message) => {
        this.note(member, message);
        listener.said(member, message);
      },
      wrote: (member, line) => listener.wrote(member, line),
      exited: (member) => {
        if (member.lost) this.mishaps.push(`member ${member.number} died`);
        listener.exited(member);
      },
    };
    this.members = Array.from({ length: count }, (_, index) => new MemberHandle(index + 1, noting));
  }

  get anyAlive(): boolean {
    return this.members.some(({ alive }) => alive);
  }

  /** Returns the longest round trip to the store that a beat took, in ms. */
  get roundTrip(): number {
    return Math.max(0, ...this.members.map(({ heartbeat }) => heartbeat?.roundTrip.max ?? 0));
  }

  start(messageFor: (number: number) => Extract<ToMember, { type: 'start' }>): void {
    for (const member of this.members) member.send(messageFor(member.number));
  }

  async stop(): Promise<void> {
    await Promise.all(this.members.map((member) => member.stop()));
  }

  private note(member: MemberHandle, message: FromMember): void {
    if (message.type === 'fed') this.fed += 1;
    else if (message.type === 'blocked') this.blocks.set(member, message);
    else if (message.type === 'state' && message.to === 'master') {
      this.elections.push({ member, term: message.term, at: message.at, late: message.late, sawAt: message.sawAt });
    } else if (message.type === 'note' && message.level === 'panic') {
      this.mishaps.push(`member ${member.number}: ${message.text}`);
    }
  }
}
