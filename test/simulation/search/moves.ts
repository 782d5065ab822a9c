/**
 * What can happen next in a world. Time goes on only when everything that is due has been done: timers have gone off, and
 * calls have been answered, unless a fault keeps them. So what takes time is chosen, and counted, and the rest happens at
 * once, in every order.
 */
import type { StoreRequest } from '../../../src/election/effects.ts';
import { codeOf, isFault, type MoveName, TICK } from './moveNames.ts';
import type { FaultName, Setting } from './setting.ts';
import { type Call, callAt, isDue, type Seat, seatAt, type World } from './world.ts';

/**
 * Puts every move that is possible into `into`. A member whose timer is due, and that no call concerns, goes first: what it
 * does then touches nothing of the others, so no other order leads anywhere else.
 */
export function movesOf(setting: Setting, world: World, faults: boolean, into: number[]): void {
  into.length = 0;
  const choose = (name: MoveName, index: number): void => {
    const code = codeOf(name, index);
    if (isFault(code) && !(faults && setting.kinds.has(name as FaultName))) return;
    into.push(code);
  };
  for (let index = 0; index < world.seats.length; index++) {
    const seat = seatAt(world, index);
    if (seat.mode !== 'awake' || !isDue(seat) || world.calls.some((call) => concerns(call, index))) continue;
    return seatMoves(world, index, choose);
  }
  choose('wiped', 0);
  let settled = true;
  for (let index = 0; index < world.seats.length; index++) {
    seatMoves(world, index, choose);
    const seat = seatAt(world, index);
    if (seat.mode === 'awake' && isDue(seat)) settled = false;
  }
  for (let index = 0; index < world.calls.length; index++) {
    const call = callAt(world, index);
    callMoves(setting, world, index, choose);
    if (call.stage === 'asked') settled = false;
    if (call.stage === 'arrived' && seatAt(world, call.seat).mode === 'awake') settled = false;
  }
  if (settled) into.push(TICK);
}

function concerns({ seat, waiting, stage }: Call, index: number): boolean {
  return seat === index && (waiting || stage === 'copy');
}

type Choose = (name: MoveName, index: number) => void;

function seatMoves(world: World, index: number, choose: Choose): void {
  const seat = seatAt(world, index);
  const { state, mode } = seat;
  if (state.phase === 'stopped') {
    if (mode === 'awake' && !lingers(seat)) choose('run', index);
    if (mode !== 'awake') choose('resume', index);
    return;
  }
  choose('kill', index);
  if (mode !== 'awake') return choose('resume', index);
  const due = isDue(seat);
  if (due) choose('timer', index);
  if (state.stopping === 'draining') {
    choose('drained', index);
    choose('abandon', index);
  } else if (state.mastership?.handOver?.drained === false) {
    choose('drained', index);
    choose('cancel', index);
  }
  if (world.order !== null && state.mastership !== null) choose('obey', index);
  if (seat.rests) choose('rested', index);
  if (state.unfit) choose('fit', index);
  // Held up before any other moment, it would be the same: nothing reaches it until then.
  if (due || world.calls.some((call) => call.seat === index && call.stage === 'asked')) choose('pause', index);
  choose('sleep', index);
  if (state.stopping === 'no') {
    choose('stop', index);
    if (!state.unfit && (state.mastership !== null || state.claim !== null)) choose('resign', index);
    if (!state.unfit && state.mastership !== null) choose('yield', index);
    if (state.mastership !== null && world.order === null) choose('handOver', index);
    if (!seat.rests) choose('rest', index);
    if (!seat.defers) choose('defer', index);
  }
  if (state.mastership !== null || (state.phase === 'error' && state.pending === null)) choose('available', index);
  if (state.mastership !== null && !state.mastership.dirty) choose('progress', index);
}

function lingers({ lingersUntil, now, missed }: Seat): boolean {
  return lingersUntil !== null && now + missed < lingersUntil;
}

function callMoves({ weak }: Setting, world: World, index: number, choose: Choose): void {
  const { stage, waiting, seat, request, newer } = callAt(world, index);
  const awake = seatAt(world, seat).mode === 'awake';
  switch (stage) {
    case 'asked':
      choose('do', index);
      choose('hold', index);
      break;
    case 'held':
      choose('land', index);
      break;
    case 'gap':
      choose('write', index);
      break;
    case 'look':
      choose('see', index);
      if (newer) choose('unseen', index);
      break;
    case 'back':
    case 'copy':
    case 'arrived':
      if (awake) choose(stage === 'arrived' ? 'answer' : 'back', index);
      break;
  }
  const before = stage === 'asked' || stage === 'held';
  if (request.type === 'beat' && (before || stage === 'gap')) {
    choose('beside', index);
    choose('apart', index);
  }
  if (before && waiting && awake) {
    choose('late', index);
    choose('double', index);
  }
  // Two documents are not one snapshot, not even on a store that writes atomically.
  const inTwo = request.type === 'observe' || (weak && !isAtomic(request));
  if (before && inTwo) choose('gap', index);
  if (waiting && awake && (stage === 'held' || stage === 'gap' || stage === 'back' || stage === 'look'))
    choose('fail', index);
}

function isAtomic({ type }: StoreRequest): boolean {
  return type === 'insertTerm' || type === 'readTip';
}
