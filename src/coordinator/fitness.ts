/**
 * Whether a member is fit to be master (rule 10): not while a task on the main thread is overdue, nor while that thread
 * is blocked. It resigns at the first of these, and is fit again when none is left.
 */
import type { FailoverErrorCode } from '../errors.js';

export interface FitnessHost {
  resign(reason: string, code: FailoverErrorCode): void;
  fit(): void;
}

export class Fitness {
  private readonly complaints = new Set<FailoverErrorCode>();

  constructor(private readonly host: FitnessHost) {}

  complain(code: FailoverErrorCode, reason: string): void {
    if (this.complaints.has(code)) return;
    this.complaints.add(code);
    if (this.complaints.size === 1) this.host.resign(reason, code);
  }

  withdraw(code: FailoverErrorCode): void {
    if (this.complaints.delete(code) && this.complaints.size === 0) this.host.fit();
  }
}
