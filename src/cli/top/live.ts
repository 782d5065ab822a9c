/** `top` in a terminal: draws over itself, follows its size, and listens to keys. */
import { createLogUpdate } from 'log-update';
import { StoreError } from '../../errors.js';
import { ChangeWatch } from '../../operations/changes.js';
import { lookAt } from '../../operations/look.js';
import { viewsOf } from '../../operations/subsystems.js';
import { pauseOrAbort } from '../../time/pause.js';
import { systemClock } from '../../time/systemClock.js';
import type { Session } from '../support/session.js';
import { TopModel } from './model.js';
import { picture } from './picture.js';

const CTRL_C = '\u0003';
/** Clears the screen, and goes to its first line. */
const CLEAR = '\u001b[2J\u001b[H';

/** Runs until `q` or a signal. */
export async function live(names: readonly string[], period: number, opened: Session): Promise<void> {
  const { reader, output, signal } = opened;
  const { stdout, stdin } = process;
  const model = new TopModel();
  const changes = new ChangeWatch();
  const draw = createLogUpdate(stdout);
  const redraw = (): void => {
    const { columns = 80, rows = 24 } = stdout;
    draw(picture(model, reader.label, { columns, rows }, output.colors));
  };
  const resized = (): void => {
    // What the terminal has wrapped or moved cannot be drawn over.
    draw.done();
    stdout.write(CLEAR);
    redraw();
  };
  const quit = new AbortController();
  const end = (): void => quit.abort();
  const look = async (): Promise<void> => {
    try {
      const seen = await lookAt(reader, names, systemClock);
      const views = await viewsOf(reader, seen, systemClock);
      model.see(views, changes.see(seen), new Date(systemClock.wall()), systemClock.now());
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      model.trouble = error.message;
    }
  };
  const key = (text: string): void => {
    if (text === 'q') end();
    else if (text === 'p') model.isPaused = !model.isPaused;
    else if (text === 's') model.nextOrder();
    // A terminal in raw mode sends no signal of its own.
    else if (text === CTRL_C) process.kill(process.pid, 'SIGINT');
    redraw();
  };
  signal.addEventListener('abort', end, { once: true });
  stdout.on('resize', resized);
  if (stdin.isTTY) stdin.setRawMode(true).setEncoding('utf8').on('data', key);
  redraw();
  try {
    while (!quit.signal.aborted) {
      if (!model.isPaused) await look();
      redraw();
      await pauseOrAbort(systemClock, period, quit.signal);
    }
  } finally {
    stdout.off('resize', resized);
    if (stdin.isTTY) stdin.off('data', key).setRawMode(false).pause();
    draw.done();
  }
}
