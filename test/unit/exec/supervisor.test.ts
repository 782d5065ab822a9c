/** What a supervisor does with its command, under virtual time, with an election and processes that are played. */
import { beforeEach, describe, expect, test } from 'vitest';
import type { ExecEvent } from '../../../src/exec/events.ts';
import type { Exit } from '../../../src/exec/exitCodes.ts';
import type { ExecOptions } from '../../../src/exec/options.ts';
import type { Attempt, Election, Started } from '../../../src/exec/parts.ts';
import { Supervisor } from '../../../src/exec/supervisor.ts';
import type { GroupEnd, GroupEndCause, OwnedGroup } from '../../../src/wire/groups.ts';
import { VirtualClock } from '../../support/virtualClock.ts';

const defaults: ExecOptions = {
  name: 'billing',
  command: ['true'],
  intervals: {},
  wait: Number.POSITIVE_INFINITY,
  restart: 'never',
  restartMax: Number.POSITIVE_INFINITY,
  once: null,
  stopSignal: null,
  killAfter: 8000,
  stdin: 'ignore',
  busyCode: 75,
  lostCode: 76,
  readyFile: null,
  health: null,
  escapees: 'warn',
  json: true,
  quiet: false,
};
const times = { ttl: 4500, killBefore: 225, signalBefore: 1225 };

/** The member. It leaves at once. */
class PlayedElection implements Election {
  term: number | null = null;
  remaining = 0;
  readonly member = 'me';
  owned: OwnedGroup[] = [];
  answersOwn: boolean | 'never' = true;
  busy = false;
  done = new Set<string>();
  recordFails = 0;
  groupEnd: GroupEnd = 'gone';
  constructor(private readonly happened: (what: string) => void) {}
  async join(): Promise<void> {}
  async leave(): Promise<void> {
    this.happened('leaves');
  }
  own(group: OwnedGroup): Promise<boolean> {
    this.owned.push(group);
    return this.answersOwn === 'never' ? new Promise(() => {}) : Promise.resolve(this.answersOwn);
  }
  async end(_number: number, signal: NodeJS.Signals | null, patience: number | null): Promise<GroupEnd> {
    this.happened(signal === null ? 'clears' : `ends ${signal} ${patience}`);
    return this.groupEnd;
  }
  async isBusy(): Promise<boolean> {
    return this.busy;
  }
  async hasSucceeded(key: string): Promise<boolean> {
    return this.done.has(key);
  }
  async recordSuccess(key: string, term: number): Promise<void> {
    if (this.recordFails-- > 0) throw new Error('no store');
    this.happened(`records ${key} ${term}`);
  }
}

let clock: VirtualClock;
let election: PlayedElection;
let supervisor: Supervisor;
let happened: string[];
let events: ExecEvent[];
let code: number | undefined;
let keepsLease: boolean | undefined;
let exits: ((exit: Exit) => void)[];
let escaped: number[];
let startFails: boolean;

const note = (what: string): void => void happened.push(what);

function begin(options: Partial<ExecOptions> = {}): void {
  supervisor = new Supervisor({
    options: { ...defaults, ...options },
    times,
    clock,
    election,
    start,
    tell: (event) => void events.push(event),
    ready: (pid) => {
      if (pid !== null) note('ready');
    },
  });
  void supervisor.run().then((end) => {
    code = end.code;
    keepsLease = end.keepsLease;
  });
}

async function start({ term, attempt }: Attempt): Promise<Started> {
  if (startFails) throw new Error('no shell');
  note(`starts ${term} ${attempt}`);
  const ended = new Promise<Exit>((resolve) => exits.push(resolve));
  return {
    pid: 7,
    start: '70',
    marker: 'M=1',
    ended,
    go: () => note('go'),
    cancel: () => {
      note('cancels');
      end({ code: 125, signal: null });
    },
    signal: (signal) => note(`signals ${signal}`),
    gone: () => note('gone'),
    escaped: () => escaped,
  };
}

/** The command of the last start ends. */
function end(exit: Partial<Exit>): void {
  exits.at(-1)?.({ code: null, signal: null, ...exit });
}

async function elect(term = 1): Promise<void> {
  election.term = term;
  election.remaining = 4000;
  supervisor.changed('master');
  await clock.advance(0);
}

async function depose(state = 'slave'): Promise<void> {
  election.term = null;
  election.remaining = 0;
  supervisor.changed(state);
  await clock.advance(0);
}

function news(cause: GroupEndCause, signal: NodeJS.Signals): void {
  supervisor.groupNews({ type: 'group', number: 7, cause, signal });
}

beforeEach(() => {
  clock = new VirtualClock();
  happened = [];
  events = [];
  code = undefined;
  keepsLease = undefined;
  exits = [];
  escaped = [];
  startFails = false;
  election = new PlayedElection(note);
});

test('the command is started as master, and its exit code is that of the supervisor', async () => {
  begin();
  supervisor.changed('slave');
  await clock.advance(60_000);
  expect(happened).toEqual([]);
  await elect(3);
  expect(happened).toEqual(['starts 3 1', 'go', 'ready']);
  expect(election.owned).toEqual([
    { number: 7, start: '70', signal: 'SIGTERM', killAfter: 8000, signalBefore: 1225, killBefore: 225 },
  ]);
  end({ code: 9 });
  await clock.advance(0);
  expect(happened.slice(3)).toEqual(['clears', 'gone', 'leaves']);
  expect(code).toBe(9);
  expect(events.map(({ event }) => event)).toEqual(['standby', 'acquired', 'started', 'exited', 'released']);
});

test('one that stands by says so once, also if others claim first, and again after a loss of the store', async () => {
  const told = () => events.splice(0).map(({ event }) => event);
  begin();
  for (const state of ['init', 'slave', 'ticking', 'slave', 'ticking', 'slave']) supervisor.changed(state);
  expect(told()).toEqual(['standby']);
  for (const state of ['error', 'slave', 'ticking', 'slave']) supervisor.changed(state);
  expect(told()).toEqual(['standby']);
  supervisor.changed('master');
  supervisor.changed('slave');
  expect(told()).toEqual(['standby']);
});

describe('no command begins', () => {
  test('before the guard knows its group, and 10 s are enough for that', async () => {
    election.answersOwn = 'never';
    begin();
    await elect();
    await clock.advance(9000);
    expect(happened).toEqual(['starts 1 1']);
    await clock.advance(2000);
    expect(happened).toEqual(['starts 1 1', 'cancels', 'clears', 'gone', 'leaves']);
    expect(code).toBe(125);
  });

  test('when a stop was asked for in between', async () => {
    election.answersOwn = 'never';
    begin();
    await elect();
    supervisor.signal('SIGTERM');
    await clock.advance(0);
    expect(happened).not.toContain('go');
    expect(code).toBe(143);
  });

  test('when the lease was lost in between; it stands by again', async () => {
    begin();
    election.own = async () => {
      election.term = null;
      return true;
    };
    await elect();
    await clock.advance(1000);
    expect(happened).toEqual(['starts 1 1', 'cancels', 'clears', 'gone']);
    expect(code).toBeUndefined();
  });

  test('with a lease that is about to end, until a beat has renewed it', async () => {
    begin();
    election.term = 1;
    election.remaining = 2000;
    supervisor.changed('master');
    await clock.advance(500);
    expect(happened).toEqual([]);
    election.remaining = 4000;
    await clock.advance(100);
    expect(happened).toEqual(['starts 1 1', 'go', 'ready']);
  });

  test('when its lease came too near to its end while the guard was asked', async () => {
    begin();
    election.own = async () => {
      election.remaining = 1225;
      return true;
    };
    await elect();
    expect(happened).not.toContain('go');
  });

  test('that cannot be started', async () => {
    startFails = true;
    begin();
    await elect();
    expect(code).toBe(125);
    expect(events).toContainEqual({ event: 'warning', text: 'the command was not started: no shell' });
  });
});

describe('a signal', () => {
  test('ends a standby at once, whatever it waits for', async () => {
    for (const [signal, expected] of [
      ['SIGTERM', 143],
      ['SIGINT', 130],
      ['SIGQUIT', 131],
      ['SIGHUP', 129],
    ] as const) {
      begin();
      await clock.advance(10);
      supervisor.signal(signal);
      await clock.advance(0);
      expect(code).toBe(expected);
    }
    expect(happened).toEqual(['leaves', 'leaves', 'leaves', 'leaves']);
  });

  test('ends one whose member does not leave in time', async () => {
    begin();
    election.leave = () => new Promise(() => {});
    supervisor.signal('SIGTERM');
    await clock.advance(1999);
    expect(code).toBeUndefined();
    await clock.advance(1);
    expect(code).toBe(143);
  });

  test('ends the command, whose exit code counts', async () => {
    begin();
    await elect();
    supervisor.signal('SIGINT');
    await clock.advance(100);
    expect(happened.slice(3)).toEqual(['ends SIGINT 8000']);
    end({ code: 4 });
    await clock.advance(0);
    expect(code).toBe(4);
  });

  test('is replaced by --stop-signal', async () => {
    begin({ stopSignal: 'SIGUSR2', killAfter: 100 });
    await elect();
    supervisor.signal('SIGINT');
    expect(happened.slice(3)).toEqual(['ends SIGUSR2 100']);
    expect(election.owned[0]?.signal).toBe('SIGUSR2');
  });

  test('that comes twice within a second, as from npm, is one; a second one kills', async () => {
    begin();
    await elect();
    supervisor.signal('SIGINT');
    await clock.advance(300);
    supervisor.signal('SIGINT');
    expect(happened.slice(3)).toEqual(['ends SIGINT 8000']);
    await clock.advance(1000);
    supervisor.signal('SIGINT');
    expect(happened.slice(4)).toEqual(['ends SIGKILL 0']);
    end({ signal: 'SIGKILL' });
    await clock.advance(0);
    expect(code).toBe(137);
  });

  test('of another kind is for the command', async () => {
    begin();
    supervisor.signal('SIGUSR1');
    await elect();
    for (const signal of ['SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGWINCH'] as const) supervisor.signal(signal);
    await clock.advance(0);
    expect(happened.slice(3)).toEqual(['signals SIGHUP', 'signals SIGUSR1', 'signals SIGUSR2', 'signals SIGWINCH']);
    expect(code).toBeUndefined();
  });
});

describe('the lease', () => {
  test('that is about to end ends the command, and with it the supervisor, whatever its exit code', async () => {
    begin({ restart: 'always' });
    await elect();
    news('lease', 'SIGTERM');
    end({ code: 0 });
    await clock.advance(0);
    expect(code).toBe(76);
    expect(happened.slice(-3)).toEqual(['clears', 'gone', 'leaves']);
    expect(events).toContainEqual({ event: 'lost', term: 1, reason: 'no beat was confirmed in time' });
  });

  test('that was lost while the process was stopped, and the guard killed the command', async () => {
    begin({ restart: 'always' });
    await elect();
    election.term = null;
    end({ signal: 'SIGKILL' });
    await clock.advance(0);
    expect(code).toBe(76);
  });

  test('that a beat saves just after the guard killed the command counts as lost; a kill by others does not', async () => {
    begin();
    await elect();
    election.remaining = 100;
    end({ signal: 'SIGKILL' });
    await clock.advance(0);
    expect(code).toBe(76);
    begin();
    await elect(2);
    end({ signal: 'SIGKILL' });
    await clock.advance(0);
    expect(code).toBe(137);
  });

  test('goes with the coordinator thread: this thread kills', async () => {
    begin();
    await elect();
    supervisor.coordinatorLost();
    expect(happened.slice(3)).toEqual(['signals SIGKILL']);
    end({ signal: 'SIGKILL' });
    await clock.advance(0);
    expect(code).toBe(76);
  });

  test('that is handed over ends the command, and the supervisor stands by', async () => {
    begin();
    await elect(1);
    news('drain', 'SIGTERM');
    await depose();
    end({ signal: 'SIGTERM' });
    await clock.advance(100);
    expect(code).toBeUndefined();
    await elect(3);
    expect(happened.slice(-3)).toEqual(['starts 3 1', 'go', 'ready']);
  });

  test('is not released when a process would not die', async () => {
    begin();
    await elect();
    election.groupEnd = 'stuck';
    news('lease', 'SIGKILL');
    await clock.advance(0);
    expect(code).toBe(76);
    expect(keepsLease).toBe(true);
    expect(happened).not.toContain('leaves');
    expect(events.at(-1)).toMatchObject({ event: 'warning', code: 'ERR_WORK_NOT_STOPPED' });
  });

  test('is not released when what the command has left would not die', async () => {
    begin();
    await elect();
    election.groupEnd = 'stuck';
    end({ code: 0 });
    await clock.advance(0);
    expect([code, keepsLease]).toEqual([76, true]);
    expect(happened).not.toContain('gone');
  });
});

describe('--restart', () => {
  test('starts the command again after the delay, under the same term', async () => {
    begin({ restart: 'on-failure' });
    await elect();
    end({ code: 1 });
    await clock.advance(999);
    expect(happened).not.toContain('starts 1 2');
    await clock.advance(1);
    expect(happened).toContain('starts 1 2');
    end({ code: 0 });
    await clock.advance(0);
    expect(code).toBe(0);
  });

  test('is given up after so many times, with the last exit code', async () => {
    begin({ restart: 'always', restartMax: 1 });
    await elect();
    end({ code: 1 });
    await clock.advance(1000);
    end({ code: 2 });
    await clock.advance(0);
    expect(code).toBe(2);
  });

  test('a signal amid the delay ends it', async () => {
    begin({ restart: 'always' });
    await elect();
    end({ code: 1 });
    await clock.advance(500);
    supervisor.signal('SIGTERM');
    await clock.advance(0);
    expect(code).toBe(143);
  });

  test('a lease that is lost amid the delay starts nothing', async () => {
    begin({ restart: 'always' });
    await elect();
    end({ code: 1 });
    await clock.advance(500);
    await depose();
    await clock.advance(5000);
    expect(happened.filter((what) => what.startsWith('starts'))).toEqual(['starts 1 1']);
  });
});

describe('--once', () => {
  test('puts a success on record before the lease is released', async () => {
    begin({ once: 'k' });
    await elect(2);
    end({ code: 0 });
    await clock.advance(0);
    expect(happened.slice(-2)).toEqual(['records k 2', 'leaves']);
    expect(code).toBe(0);
  });

  test('a failure is not on record', async () => {
    begin({ once: 'k' });
    await elect();
    end({ code: 3 });
    await clock.advance(0);
    expect(happened).not.toContain('records k 1');
    expect(code).toBe(3);
  });

  test('nor is the exit of a command that was asked to stop', async () => {
    begin({ once: 'k' });
    await elect();
    supervisor.signal('SIGTERM');
    end({ code: 0 });
    await clock.advance(0);
    expect(happened).not.toContain('records k 1');
  });

  test('what is on record is not run, and a standby ends with 0', async () => {
    begin({ once: 'k' });
    supervisor.changed('slave');
    await clock.advance(5000);
    election.done.add('k');
    await clock.advance(1000);
    expect(code).toBe(0);
    expect(happened).toEqual(['leaves']);
  });

  test('a master reads the record before it starts the command', async () => {
    election.done.add('k');
    begin({ once: 'k' });
    await elect();
    expect(code).toBe(0);
    expect(happened).toEqual(['leaves']);
  });

  test('a record that cannot be written is tried again while the lease lasts', async () => {
    election.recordFails = 2;
    begin({ once: 'k' });
    await elect();
    end({ code: 0 });
    await clock.advance(5000);
    expect(code).toBe(0);
    expect(happened).toContain('records k 1');
  });

  test('one that was not written tells so by its exit code', async () => {
    election.recordFails = 99;
    begin({ once: 'k' });
    await elect();
    end({ code: 0 });
    await clock.advance(500);
    await depose('error');
    expect(code).toBe(76);
  });
});

describe('--wait', () => {
  test('gives up after that time: busy, or without a store', async () => {
    begin({ wait: 3000 });
    supervisor.changed('slave');
    await clock.advance(2999);
    expect(code).toBeUndefined();
    await clock.advance(1);
    expect(code).toBe(75);

    begin({ wait: 3000 });
    supervisor.changed('error');
    await clock.advance(3000);
    expect(code).toBe(69);
  });

  test('of 0 ends at once if another member is master, or the store fails', async () => {
    election.busy = true;
    begin({ wait: 0, busyCode: 42 });
    supervisor.changed('slave');
    await clock.advance(60);
    expect(code).toBe(42);

    begin({ wait: 0 });
    supervisor.changed('error');
    await clock.advance(60);
    expect(code).toBe(69);
  });

  test('of 0 claims a lease that is free, which takes a while in a new store', async () => {
    begin({ wait: 0 });
    supervisor.changed('slave');
    await clock.advance(4600);
    expect(code).toBeUndefined();
    await elect();
    expect(happened).toContain('go');
  });
});

test('processes that have left the group are named', async () => {
  escaped = [8, 9];
  begin();
  await elect();
  end({ code: 0 });
  await clock.advance(0);
  expect(events).toContainEqual({ event: 'warning', text: expect.stringContaining('no group of it: 8, 9') });
});

test('with --escapees kill they belong to the group', async () => {
  begin({ escapees: 'kill' });
  await elect();
  expect(election.owned[0]?.marker).toBe('M=1');
});
