/**
 * The folder of the embedded store, under processes that have it open: its files are removed, or an older copy takes their
 * place. The runner has the store open, too, so it never opens lock.mdb, which would drop its locks: other processes copy.
 */
import { execFile } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { atEnd } from '../../bench/support/cleanup.ts';
import type { Fault } from './checker/records.ts';

/** What was done to the store, by the monotonic clock in ns. */
export type Harm = Required<Pick<Fault, 'how'>> & Pick<Fault, 'forgot'> & { readonly at: bigint; readonly to: bigint };

const copier = fileURLToPath(new URL('copyStore.js', import.meta.url));
/** How often a copy is tried: the store may be away, by another fault. */
const TRIES = 20;
const REST = 200;

export class StoreFolder {
  private count = 0;

  constructor(readonly path: string) {}

  /** Takes files away, in one of five ways. */
  remove(strength: number): Harm {
    const file = (name: string): void => rmSync(join(this.path, name), { force: true });
    const ways: readonly (readonly [how: string, forgot: Fault['forgot'], run: () => void])[] = [
      ['lock.mdb removed', undefined, () => file('lock.mdb')],
      ['data.mdb removed', 'all', () => file('data.mdb')],
      ['both files removed', 'all', () => ['data.mdb', 'lock.mdb'].forEach(file)],
      ['folder removed', 'all', () => untilEmpty(() => rmSync(this.path, { recursive: true, force: true }))],
      ['folder renamed', 'all', () => this.putAside()],
    ];
    const [how, forgot, run] = oneOf(ways, strength);
    const at = process.hrtime.bigint();
    run();
    return { how, ...(forgot === undefined ? {} : { forgot }), at, to: process.hrtime.bigint() };
  }

  /** Puts a copy in the place of what was copied, in one of four ways. `pause`: for how long it stays a copy, in ms. */
  async replace(strength: number, pause: number): Promise<Harm> {
    const how = oneOf(['data.mdb replaced', 'both files replaced', 'folder replaced', 'data.mdb restored'], strength);
    const copy = this.next('copy');
    const at = process.hrtime.bigint();
    const isThere = await this.copyTo(copy, how === 'folder replaced');
    if (!isThere) return { how: 'nothing there to copy', at, to: process.hrtime.bigint() };
    await sleep(pause);
    const over = (name: string): void => {
      mkdirSync(this.path, { recursive: true });
      renameSync(join(copy, name), join(this.path, name));
    };
    if (how === 'folder replaced') this.putInPlace(copy);
    else if (how === 'data.mdb restored') await this.restore(copy, pause);
    else for (const name of how === 'data.mdb replaced' ? ['data.mdb'] : ['lock.mdb', 'data.mdb']) over(name);
    return { how, forgot: 'since', at, to: process.hrtime.bigint() };
  }

  /** Removes data.mdb, and puts a new file in its place after all have closed it, which may get the number of the old one. */
  private async restore(copy: string, pause: number): Promise<void> {
    const file = join(this.path, 'data.mdb');
    rmSync(file, { force: true });
    await sleep(pause);
    mkdirSync(this.path, { recursive: true });
    copyFileSync(join(copy, 'data.mdb'), `${file}.new`);
    renameSync(`${file}.new`, file);
  }

  /** Returns false if there is no whole store. */
  private async copyTo(copy: string, whole: boolean): Promise<boolean> {
    for (let tries = 0; tries < TRIES; tries += 1) {
      rmSync(copy, { recursive: true, force: true });
      if (await this.copied(copy, whole)) return true;
      await sleep(REST);
    }
    return false;
  }

  private async copied(copy: string, whole: boolean): Promise<boolean> {
    const files = ['data.mdb', 'lock.mdb'].map((name) => join(this.path, name));
    if (!files.every((file) => existsSync(file))) return false;
    try {
      if (whole) await run('cp', ['-a', this.path, copy]);
      else {
        mkdirSync(copy);
        await run('cp', ['-a', join(this.path, 'lock.mdb'), copy]);
      }
      await run(process.execPath, [copier, this.path, copy]);
      return existsSync(join(copy, 'data.mdb')) && existsSync(join(copy, 'lock.mdb'));
    } catch (error) {
      // A file that was removed while it was copied; everything else is a fault of this program.
      if (files.every((file) => existsSync(file))) throw error;
      return false;
    }
  }

  private putInPlace(copy: string): void {
    untilEmpty(() => {
      this.putAside();
      renameSync(copy, this.path);
    });
  }

  private putAside(): void {
    try {
      renameSync(this.path, this.next('aside'));
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
    }
  }

  private next(what: string): string {
    this.count += 1;
    return `${this.path}-${what}-${this.count}`;
  }
}

/** Tries again for as long as a member puts new files into a folder that must be empty. */
function untilEmpty(run: () => void): void {
  for (;;) {
    try {
      return run();
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOTEMPTY')) throw error;
    }
  }
}

function oneOf<T>(all: readonly T[], strength: number): T {
  const chosen = all[Math.floor(strength * all.length)];
  if (chosen === undefined) throw new RangeError(`a strength of ${strength}`);
  return chosen;
}

async function run(program: string, args: readonly string[]): Promise<void> {
  const running = promisify(execFile)(program, args);
  const forget = atEnd(() => running.child.kill('SIGKILL'));
  await running.finally(forget);
}
