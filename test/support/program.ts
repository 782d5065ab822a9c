/** A program that a test runs in a process of its own and watches line by line. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export class Program {
  readonly lines: string[] = [];
  /** Resolves when the process has ended and all its output was read. */
  readonly ended: Promise<Ended>;
  stdout = '';
  private readonly child: ChildProcess;
  private readonly waiting = new Set<() => void>();

  /** Runs the command, or Node.js, with these arguments. The lines are those of stderr; stdout is collected. */
  constructor(args: readonly string[], env: NodeJS.ProcessEnv, command = process.execPath) {
    this.child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text;
    });
    if (this.child.stderr !== null) {
      createInterface({ input: this.child.stderr }).on('line', (line) => {
        this.lines.push(line);
        for (const look of this.waiting) look();
      });
    }
    this.ended = once(this.child, 'close').then(([code, signal]) => ({ code, signal }));
  }

  /** The first line that matches, from line number `from` on. Rejects, with what there was, when the program ends without it. */
  line(pattern: RegExp, from = 0): Promise<RegExpExecArray> {
    return new Promise((resolve, reject) => {
      let next = from;
      const look = (): void => {
        for (; next < this.lines.length; next += 1) {
          const match = pattern.exec(this.lines[next] ?? '');
          if (match === null) continue;
          this.waiting.delete(look);
          resolve(match);
          return;
        }
      };
      this.waiting.add(look);
      look();
      void this.ended.then(() => reject(new Error(`no line like ${pattern} in\n${this.lines.join('\n')}`)));
    });
  }

  get isRunning(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  get pid(): number | undefined {
    return this.child.pid;
  }

  kill(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  /** For the clean-up: ends it if it still runs. */
  async end(): Promise<void> {
    this.kill('SIGKILL');
    await this.ended;
  }
}
