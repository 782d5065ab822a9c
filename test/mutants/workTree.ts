/** A copy of the package in a temporary folder, in which bugs are planted one after another, and built. */
import { cpSync, existsSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ProgramEnd, runProgram } from './program.ts';

const COPIED = [
  'package.json',
  'tsconfig.json',
  'vitest.config.ts',
  'src',
  'workers',
  'bench',
  'samples',
  'test',
  'docs',
];
const TSC = 'node_modules/typescript/bin/tsc';
const BUILD_LIMIT = 60_000;

export class WorkTree {
  private readonly removeAtExit = (): void => this.remove();

  private constructor(readonly root: string) {
    process.once('exit', this.removeAtExit);
  }

  static copyOf(source: string): WorkTree {
    const root = mkdtempSync(join(tmpdir(), 'mongo-failover-mutants-'));
    for (const name of COPIED) {
      if (existsSync(join(source, name))) cpSync(join(source, name), join(root, name), { recursive: true });
    }
    symlinkSync(join(source, 'node_modules'), join(root, 'node_modules'));
    return new WorkTree(root);
  }

  build(): Promise<ProgramEnd> {
    const quick = ['--incremental', '--tsBuildInfoFile', 'dist/.tsbuildinfo', '--declaration', 'false'];
    return this.run([TSC, ...quick], BUILD_LIMIT);
  }

  /** `node` with these arguments, in this tree. */
  run(args: readonly string[], timeLimit: number): Promise<ProgramEnd> {
    return runProgram(args, this.root, timeLimit);
  }

  remove(): void {
    process.off('exit', this.removeAtExit);
    rmSync(this.root, { recursive: true, force: true });
  }
}
