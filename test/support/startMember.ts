/** A member as a process of its own, which is told what it needs as JSON, and is ended with the test. */
import { onTestFinished } from 'vitest';
import { Program } from './program.ts';

export function startMember(file: string, told: object): Program {
  const member = new Program([file, JSON.stringify(told)], process.env);
  onTestFinished(() => member.end());
  return member;
}
