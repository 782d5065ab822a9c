/** The world that a move leads to. */
import assert from 'node:assert/strict';
import type { Answer, ElectionEvent } from '../../../src/election/state.ts';
import { byLooks, bySums, carryOut, failure, lose, prune, readFirst, writeLater } from './calls.ts';
import { callNames, type MoveName, moveOf } from './moveNames.ts';
import type { Setting } from './setting.ts';
import {
  callAt,
  check,
  copyOf,
  dropCall,
  freshSeat,
  happen,
  putCall,
  putSeat,
  type Stage,
  seatAt,
  type World,
} from './world.ts';

/** @throws whatever the core or the checks find wrong. */
export function apply(setting: Setting, from: World, code: number): World {
  const world = copyOf(from);
  const { name, index } = moveOf(code);
  if (name === 'tick') pass(setting, world);
  else if (name === 'wiped') lose(world);
  else if (isCallMove(name)) moveCall(setting, world, index, name);
  else moveSeat(setting, world, index, name);
  if (world.calls.length > 0) prune(setting, world);
  check(world);
  return world;
}

function pass({ members }: Setting, world: World): void {
  world.seats = world.seats.map((seat, index) => {
    const rate = members[index]?.rate ?? 0;
    return seat.mode === 'asleep' ? { ...seat, missed: seat.missed + rate } : { ...seat, now: seat.now + rate };
  });
}

const callMoves = [
  ...callNames,
  'hold',
  'late',
  'gap',
  'beside',
  'apart',
  'double',
] as const satisfies readonly MoveName[];
type CallMove = (typeof callMoves)[number];
const callMoveNames: ReadonlySet<MoveName> = new Set(callMoves);

function isCallMove(name: MoveName): name is CallMove {
  return callMoveNames.has(name);
}

function moveCall(setting: Setting, world: World, index: number, name: CallMove): void {
  const call = callAt(world, index);
  switch (name) {
    case 'do':
    case 'land':
      return answered(setting, world, index, carryOut(world, call));
    case 'write':
      return answered(setting, world, index, writeLater(world, call));
    case 'answer':
    case 'back':
      assert.ok(call.answer !== null);
      dropCall(world, index);
      return happen(setting, world, call.seat, call.answer);
    case 'fail': {
      // An answer that comes after that is kept from the core by the elector; only a write may still have an effect.
      if (call.stage === 'back' || call.stage === 'look') dropCall(world, index);
      else putCall(world, index, { ...call, waiting: false });
      return happen(setting, world, call.seat, failure(call.request));
    }
    case 'hold':
      return putCall(world, index, { ...call, stage: 'held' });
    case 'late':
      return putCall(world, index, { ...call, stage: 'back', answer: carryOut(world, call) });
    case 'double': {
      const answer = carryOut(world, call);
      putCall(world, index, { ...call, stage: 'copy', waiting: false, answer });
      return happen(setting, world, call.seat, answer);
    }
    case 'beside':
    case 'apart': {
      const answer = call.stage === 'gap' ? writeLater(world, call) : carryOut(world, call);
      const told = bySums(setting, answer, name === 'beside');
      if (told !== null) return answered(setting, world, index, told);
      return putCall(world, index, { ...call, stage: 'look', document: null, newer: name === 'beside' });
    }
    case 'see':
    case 'unseen': {
      const told = byLooks(setting, world, call, name === 'see' && call.newer);
      if (told !== null) return answered(setting, world, index, told);
      dropCall(world, index);
      return call.waiting ? happen(setting, world, call.seat, failure(call.request)) : undefined;
    }
    case 'gap': {
      const half = readFirst(world, call);
      // What does not match is answered at once.
      if (half === null) return answered(setting, world, index, carryOut(world, call));
      return putCall(world, index, half);
    }
  }
}

function answered(setting: Setting, world: World, index: number, answer: Answer): void {
  const call = callAt(world, index);
  if (!call.waiting) return dropCall(world, index);
  if (seatAt(world, call.seat).mode !== 'awake') return putCall(world, index, { ...call, stage: 'arrived', answer });
  dropCall(world, index);
  happen(setting, world, call.seat, answer);
}

function moveSeat(setting: Setting, world: World, index: number, name: Exclude<MoveName, CallMove | 'wiped'>): void {
  const seat = seatAt(world, index);
  const send = (event: ElectionEvent): void => happen(setting, world, index, event);
  switch (name) {
    case 'run':
      if (seat.state.requests > 0) replace(setting, world, index);
      return send({ type: 'run' });
    case 'timer':
      return send({ type: 'tick' });
    case 'resume':
      return putSeat(world, index, { ...seat, mode: 'awake' });
    case 'pause':
      return putSeat(world, index, { ...seat, mode: 'paused' });
    case 'sleep':
      return putSeat(world, index, { ...seat, mode: 'asleep' });
    case 'kill':
      return replace(setting, world, index);
    case 'stop':
    case 'available':
    case 'progress':
      return send({ type: name });
    case 'drained':
      putSeat(world, index, { ...seat, working: false, lingersUntil: null });
      if (seat.state.stopping !== 'no') return send({ type: 'drained' });
      return send({ type: 'drained', drain: seat.state.drains });
    case 'cancel':
      return send({ type: 'handOverCancelled', term: seat.state.mastership?.term ?? 0 });
    case 'handOver':
      world.order = seat.state.mastership?.term ?? null;
      return;
    case 'obey': {
      const term = world.order ?? 0;
      world.order = null;
      return send({ type: 'handOver', term });
    }
    case 'rest':
      // A sleep that shows just now is told first, and may begin a claim.
      send({ type: 'rest', until: null });
      return putSeat(world, index, { ...seatAt(world, index), rests: true });
    case 'rested':
      putSeat(world, index, { ...seat, rests: false, handedOver: null });
      return send({ type: 'rested' });
    case 'defer':
      return putSeat(world, index, { ...seat, defers: true });
    case 'abandon':
      // The work goes on, for as long as the lease lasts that is left behind.
      putSeat(world, index, { ...seat, working: false, lingersUntil: seat.validUntil ?? seat.lingersUntil });
      return send({ type: 'abandon' });
    case 'resign':
      return send({ type: 'resign', reason: 'the work hangs', code: 'ERR_TASK_TIMEOUT', nothingRuns: false });
    case 'yield':
      send({ type: 'resign', reason: 'the work does not load', code: 'ERR_WORK_MODULE', nothingRuns: true });
      // Nothing of the work ran.
      return putSeat(world, index, { ...seatAt(world, index), lingersUntil: null });
    case 'fit':
      putSeat(world, index, { ...seat, lingersUntil: null });
      return send({ type: 'fit' });
    case 'tick':
      assert.fail('a tick is for all');
  }
}

/** The process is gone, and another will run in its place. What it asked is out, and may land at any time. */
function replace(setting: Setting, world: World, index: number): void {
  const { incarnation, now } = seatAt(world, index);
  putSeat(world, index, freshSeat(setting, index, incarnation + 1, now));
  const calls = world.calls.filter(({ seat, stage }) => seat !== index || isOut(stage));
  world.calls = calls.map((call) =>
    call.seat === index ? { ...call, waiting: false, stage: call.stage === 'asked' ? 'held' : call.stage } : call,
  );
}

function isOut(stage: Stage): boolean {
  return stage === 'asked' || stage === 'held' || stage === 'gap';
}
