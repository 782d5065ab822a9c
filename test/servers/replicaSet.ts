/**
 * A replica set that moves, played before one real server: three front ends that say to be the members of a set. The one
 * that is primary passes commands on; the others answer as mongod does. Elections take as long as the caller lets pass
 * between the calls.
 *
 * What it does not play: secondaries that lag behind, and transactions.
 */
import { authority } from '../support/tcpProxy.js';
import { Front, type Target } from './fronts/front.js';
import { type Interruption, SetMember, type SetState } from './fronts/setMember.js';
import { StaleCopy } from './fronts/staleCopy.js';

const MEMBERS = 3;
const SET_NAME = 'rs0';

export interface ReplicaSetOptions {
  /** Whether the members offer sessions. They are taken out of what is passed on, as not every server knows them. */
  readonly sessions?: boolean;
  /** How long an election takes that follows a `replSetStepDown`, in ms. */
  readonly electionTime?: number;
}

/** The set as one client reaches it: each member has an address of its own, before which a proxy can be put. */
export interface SetView {
  /** What the members say that they are called. */
  hosts: readonly string[];
  /** Where they listen. */
  readonly ports: readonly number[];
  /** How many connections there are to each member. */
  readonly connections: readonly number[];
  uri(database?: string): string;
}

/** Tells what the members are called that listen on these ports. */
export type Naming = (ports: readonly number[]) => Promise<readonly string[]>;

interface OpenView extends SetView {
  fronts: Front[];
}

export class ReplicaSet {
  readonly members: readonly SetMember[];
  private readonly state: SetState;
  private readonly views: OpenView[] = [];
  private term = 0;
  private election: NodeJS.Timeout | undefined;

  private constructor(
    private readonly uri: string,
    private readonly target: Target,
    options: ReplicaSetOptions,
  ) {
    this.state = {
      setName: SET_NAME,
      sessions: options.sessions ?? false,
      setVersion: 1,
      primary: undefined,
      gate: Promise.resolve(),
      passing: new Set(),
      databases: new Set(),
      askedToStepDown: () => {
        this.stepDown();
        this.election = setTimeout(() => void this.elect(), options.electionTime ?? 1000);
      },
    };
    this.members = Array.from({ length: MEMBERS }, (_, index) => new SetMember(index, this.state));
  }

  /** Before the first server of the connect string; the first member is primary. */
  static async before(uri: string, options: ReplicaSetOptions = {}): Promise<ReplicaSet> {
    const { host, port } = authority(uri);
    const set = new ReplicaSet(uri, { host, port }, options);
    await set.elect(0);
    return set;
  }

  get primary(): SetMember | undefined {
    const { primary } = this.state;
    return primary === undefined ? undefined : this.members[primary];
  }

  /** How many calls the primary keeps. */
  get kept(): number {
    return this.primary?.keptCount ?? 0;
  }

  /** Makes ways to the members for one client. `hosts` may tell others than the addresses where they listen. */
  async view(hosts: Naming = locally): Promise<SetView> {
    const view: OpenView = {
      hosts: [],
      fronts: [],
      get ports() {
        return this.fronts.map(({ port }) => port);
      },
      get connections() {
        return this.fronts.map(({ connections }) => connections);
      },
      uri(database = '') {
        return `mongodb://${this.hosts.join(',')}/${database}?replicaSet=${SET_NAME}`;
      },
    };
    view.fronts = await this.listen(view);
    view.hosts = await hosts(view.ports);
    this.views.push(view);
    return view;
  }

  /** From now on the members of this view are called otherwise, and listen where they did. */
  rename(view: SetView, hosts: readonly string[]): void {
    view.hosts = hosts;
    this.reconfigured();
  }

  /** From now on they listen elsewhere too, and say so. What this resolves with closes the places where they were. */
  async move(view: SetView, hosts: Naming = locally): Promise<() => Promise<void>> {
    const leave = await this.listenElsewhere(view);
    view.hosts = await hosts(view.ports);
    this.reconfigured();
    return leave;
  }

  /** The same at once: no driver hears in the old places of the new ones. */
  async moveAtOnce(view: SetView, hosts: Naming = locally): Promise<void> {
    const leave = await this.listenElsewhere(view);
    await leave();
    view.hosts = await hosts(view.ports);
    this.reconfigured();
  }

  /** From now on the primary keeps the answers of the writes that it does, or the writes; a call that follows ends it. */
  hold(what: 'answers' | 'requests'): void {
    if (this.primary !== undefined) this.primary.holding = what;
  }

  /** The primary becomes a secondary, and there is none until the next election. */
  stepDown(interruption?: Interruption): SetMember | undefined {
    return this.depose((member) => member.become('secondary', interruption));
  }

  /** The primary says that it shuts down; `lose` ends it. */
  shutDown(interruption: Interruption = { told: 'InterruptedAtShutdown' }): SetMember | undefined {
    return this.depose((member) => member.become('stopping', interruption));
  }

  /** A member ends: its connections are closed, or, if its machine has died, nothing comes any more. */
  lose(member: SetMember, how: 'closed' | 'silent'): void {
    if (member.index === this.state.primary) this.depose(() => {});
    this.setFronts(member, how);
    member.become('down', { told: 'socket' });
  }

  /** A member that has ended starts again, and recovers. */
  start(member: SetMember): void {
    member.news.restart();
    member.become('recovering');
    this.setFronts(member, 'open');
  }

  /** A member that recovers has what the others have. */
  catchUp(member: SetMember): void {
    member.become('secondary');
  }

  /** The primary is cut off from the others, and does not know it. */
  async cutOff(): Promise<SetMember | undefined> {
    const { primary: member, state } = this;
    if (member === undefined) return undefined;
    let open = (): void => {};
    state.gate = new Promise((resolve) => {
      open = resolve;
    });
    try {
      await this.allPassed();
      member.copy = await StaleCopy.of(this.uri, state.databases);
      this.depose(() => member.become('stale'));
    } finally {
      open();
    }
    return member;
  }

  /** One that was cut off hears of the others: what it wrote since is rolled back. */
  async rejoin(member: SetMember): Promise<void> {
    const { copy } = member;
    member.become('secondary');
    await this.allPassed();
    member.copy = undefined;
    await copy?.remove();
  }

  /** One of the secondaries becomes primary: this one, or one that was none last. */
  async elect(index?: number): Promise<SetMember> {
    await this.allPassed();
    const able = this.members.filter(({ role }) => role === 'secondary').toSorted((a, b) => a.term - b.term);
    const member = index === undefined ? able[0] : able.find((one) => one.index === index);
    if (member === undefined) throw new Error('No member of the set can become primary.');
    this.depose((former) => former.become('secondary'));
    this.term += 1;
    member.term = this.term;
    this.state.primary = member.index;
    member.become('primary');
    this.tellOthers();
    return member;
  }

  async close(): Promise<void> {
    clearTimeout(this.election);
    await Promise.all(this.views.flatMap(({ fronts }) => fronts.map((front) => front.close())));
    await Promise.all(this.members.map(({ copy }) => copy?.remove()));
  }

  private async listenElsewhere(view: SetView): Promise<() => Promise<void>> {
    const open = this.views.find((one) => one === view);
    if (open === undefined) throw new Error('This view is not one of this set.');
    const { fronts } = open;
    open.fronts = await this.listen(open);
    return async () => void (await Promise.all(fronts.map((front) => front.close())));
  }

  private listen(view: OpenView): Promise<Front[]> {
    return Promise.all(
      this.members.map((member) => Front.start(this.target, (call) => member.handle(call, () => view.hosts))),
    );
  }

  private depose(end: (member: SetMember) => void): SetMember | undefined {
    const { primary } = this;
    if (primary === undefined) return undefined;
    this.state.primary = undefined;
    end(primary);
    this.tellOthers();
    return primary;
  }

  /** All but one that is cut off hear of each change. */
  private tellOthers(): void {
    for (const { role, news } of this.members) if (role !== 'stale') news.tell();
  }

  private reconfigured(): void {
    this.state.setVersion += 1;
    this.tellOthers();
  }

  private setFronts({ index }: SetMember, mode: 'open' | 'closed' | 'silent'): void {
    for (const { fronts } of this.views) fronts[index]?.set(mode);
  }

  /** What was passed on is over: no new primary is elected while the old one is at a write. */
  private async allPassed(): Promise<void> {
    while (this.state.passing.size > 0) await Promise.allSettled(this.state.passing);
  }
}

async function locally(ports: readonly number[]): Promise<readonly string[]> {
  return ports.map((port) => `127.0.0.1:${port}`);
}
