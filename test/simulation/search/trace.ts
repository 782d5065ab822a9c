/** The way to a state in words: the moves are made once more, and each is told with what came of it for its member. */
import type { StoreRequest } from '../../../src/election/effects.ts';
import { apply } from './apply.ts';
import { type Move, moveOf } from './moveNames.ts';
import type { Setting } from './setting.ts';
import { type Call, callAt, firstWorld, type Seat, seatAt, type World } from './world.ts';

export function tell(setting: Setting, moves: readonly number[]): string[] {
  const lines: string[] = [];
  let world = firstWorld(setting);
  let tick = 0;
  for (const code of moves) {
    const move = moveOf(code);
    if (move.name === 'tick') {
      tick += 1;
      world = apply(setting, world, code);
      continue;
    }
    const line = `tick ${tick}: ${words(world, move)}`;
    let next: World;
    try {
      next = apply(setting, world, code);
    } catch {
      // The move that broke is the last one.
      lines.push(line);
      break;
    }
    lines.push(line + outcome(world, next));
    world = next;
  }
  return lines;
}

function words(world: World, { name, index }: Move): string {
  switch (name) {
    case 'tick':
      return 'time goes on';
    case 'answer':
    case 'do':
    case 'land':
    case 'write':
    case 'back':
    case 'fail':
    case 'hold':
    case 'late':
    case 'gap':
    case 'beside':
    case 'apart':
    case 'see':
    case 'unseen':
    case 'double': {
      const call = callAt(world, index);
      return callWords(call, name);
    }
    case 'wiped':
      return 'FAULT the store loses everything';
    default:
      return seatWords(seatAt(world, index), name);
  }
}

function callWords(call: Call, name: Move['name']): string {
  const what = `${asked(call.request)} of ${call.holder}`;
  switch (name) {
    case 'do':
      return `${what} is carried out, and answered`;
    case 'land':
      return `${what} lands at last${call.waiting ? '' : ', though its caller does not wait for it'}`;
    case 'write':
      return `the store, which had read before, now writes ${what}`;
    case 'back':
      return `${call.stage === 'copy' ? 'a second time' : 'at last'} the answer to ${what} arrives`;
    case 'answer':
      return `the answer to ${what}, which lay there, is taken in`;
    case 'fail':
      return `${call.holder} is told that its ${call.request.type} failed (${call.stage === 'back' ? 'it was done' : 'it may still land'})`;
    case 'hold':
      return `FAULT ${what} is held up on its way`;
    case 'late':
      return `FAULT ${what} is carried out, but the answer is held up`;
    case 'gap':
      return `FAULT the store reads for ${what}, and does the rest later`;
    case 'beside':
    case 'apart':
      return `FAULT ${what} is carried out in one command with another beat, which ${name === 'beside' ? 'matches' : 'does not match'}`;
    case 'see':
      return `the store looks at the leases of the command with ${what}`;
    case 'unseen':
      return `the store looks at the leases of the command with ${what}, and the other beat is overwritten`;
    default:
      return `FAULT ${what} is carried out, and answered twice`;
  }
}

function asked(request: StoreRequest): string {
  switch (request.type) {
    case 'readTip':
      return 'readTip';
    case 'observe':
      return `observe (tip ${request.tip})`;
    case 'writeLease':
      return `writeLease (term ${request.next.term}, claim ${request.next.claim})`;
    case 'insertTerm':
      return `insertTerm ${request.term}`;
    case 'releaseDead':
      return `releaseDead (term ${request.term} of ${request.holder})`;
    case 'beat':
    case 'release':
      return `${request.type} ${request.beat} (term ${request.term})`;
  }
}

function seatWords({ config: { holder }, missed, mode }: Seat, name: Move['name']): string {
  switch (name) {
    case 'run':
      return `${holder} runs`;
    case 'timer':
      return `the timer of ${holder} goes off`;
    case 'resume':
      return `${holder} ${mode === 'asleep' ? `wakes up, ${missed} ms later` : 'goes on'}`;
    case 'drained':
      return `the work of ${holder} has ended`;
    case 'abandon':
      return `the work of ${holder} would not end`;
    case 'cancel':
      return `the work of ${holder} would not end, and it goes on as master`;
    case 'obey':
      return `${holder} reads the order to hand over`;
    case 'rested':
      return `${holder} is told that it has rested`;
    case 'handOver':
      return `FAULT ${holder} is to hand over`;
    case 'rest':
      return `FAULT ${holder} is to rest`;
    case 'defer':
      return `FAULT others are to go before ${holder}`;
    case 'fit':
      return `${holder} is fit again`;
    case 'pause':
      return `FAULT ${holder} is held up`;
    case 'sleep':
      return `FAULT ${holder} and its clock fall asleep`;
    case 'kill':
      return `FAULT ${holder} is killed`;
    case 'stop':
      return `FAULT ${holder} is to stop`;
    case 'resign':
      return `FAULT the work of ${holder} hangs, and it resigns`;
    case 'yield':
      return `FAULT the work of ${holder} does not load, and it gives the lease up`;
    case 'available':
      return `FAULT ${holder} is told that the store is back`;
    default:
      return `FAULT ${holder} has progress to tell`;
  }
}

/** What changed of the members: phase, lease, work. */
function outcome(before: World, after: World): string {
  const changes = after.seats.flatMap((seat, index) => {
    const old = seatAt(before, index);
    const { config, state, validUntil, working, now } = seat;
    const parts: string[] = [];
    if (old.state.phase !== state.phase) parts.push(`is ${state.phase}`);
    if (validUntil !== null && validUntil !== old.validUntil) parts.push(`holds the lease for ${validUntil - now} ms`);
    if (validUntil === null && old.validUntil !== null) parts.push('holds no lease');
    if (working !== old.working) parts.push(working ? 'works' : 'stops working');
    return parts.length === 0 ? [] : [`${config.holder} ${parts.join(', ')}`];
  });
  return changes.length === 0 ? '' : `; ${changes.join('; ')}`;
}
