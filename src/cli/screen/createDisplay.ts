import type { Display } from './display.js';
import { createLiveDisplay } from './live.js';
import { createPlainDisplay } from './plain.js';

/** Makes the display. With `json`, stdout belongs to the document, and what happens goes to stderr. */
export function createDisplay(json: boolean): Display {
  if (json) return createPlainDisplay(process.stderr);
  if (process.stdout.isTTY && process.env.TERM !== 'dumb') return createLiveDisplay(process.stdout);
  return createPlainDisplay(process.stdout);
}
