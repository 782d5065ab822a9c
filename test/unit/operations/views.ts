/** Subsystems as tests see them. */
import type { SubsystemView } from '../../../src/operations/views.ts';

export function view(fields: Partial<SubsystemView> = {}): SubsystemView {
  return {
    ...{ name: 'billing', kind: 'durable', state: 'held', term: 3, beat: 7, ttl: 4500, at: new Date(0), age: 100 },
    ...{ count: 12, identifier: 12, died: false, dead: 0, members: 2, pause: null, handOver: null, problem: null },
    master: { id: 'here:1:abcd', host: 'here', pid: 1 },
    queue: { where: 'store', queued: 0, done: 12, headAt: null, headAge: null },
    ...fields,
  };
}
