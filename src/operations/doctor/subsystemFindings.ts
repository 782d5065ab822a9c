/** From what is to be seen of the subsystems to findings. Pure. */
import { DEAD_COUNTED_MAX, type SubsystemView } from '../views.js';
import type { Finding } from './findings.js';

/** A lease is left alone when no beat has come for so many times to live: by then a standby would have claimed it. */
const TIMES_TTL = 3;
/** A released lease is left alone after so long, in ms. */
const RELEASED_MS = 60_000;
/** A head of a queue that is older than this is stuck, or too much waits, in ms. */
const HEAD_AGE_MS = 60 * 60_000;

export function subsystemFindings(views: readonly SubsystemView[]): Finding[] {
  const findings = views.flatMap((view) => [...leaseFindings(view), ...queueFindings(view)]);
  const held = views.filter(({ state }) => state === 'held').length;
  const what = `${views.length} ${views.length === 1 ? 'subsystem' : 'subsystems'}, ${held} with a master`;
  return [{ level: 'good', code: 'SUBSYSTEMS', what }, ...findings, ...versionFindings(views)];
}

function leaseFindings({ name, state, age, ttl, members, problem, pause }: SubsystemView): Finding[] {
  if (problem !== null) return [problemFinding(name, problem)];
  if (pause !== null) {
    return [
      { level: 'note', code: 'PAUSED', what: `${name} is paused by ${pause.by} since ${pause.at.toISOString()}` },
    ];
  }
  const isAlone =
    (state === 'overdue' && age !== null && ttl !== null && age > TIMES_TTL * ttl) ||
    (state === 'released' && age !== null && age > RELEASED_MS);
  if (!isAlone) return [];
  const text = `no member has claimed the lease of ${name}, which is ${state} since ${Math.round((age ?? 0) / 1000)} s`;
  if (members === 0) {
    return [
      {
        level: 'warning',
        code: 'UNCLAIMED',
        what: `${text}: it has no members`,
        why: 'its work is not done',
        todo: 'start a member, if it is still needed',
      },
    ];
  }
  return [
    {
      level: 'error',
      code: 'UNCLAIMED',
      what: `${text}, and ${members} have written that they live`,
      why: 'its work is not done',
      todo: 'look at the events `error` and `panic` of its members: unfit, drained, or of priority 0, they claim nothing',
    },
  ];
}

function problemFinding(name: string, problem: string): Finding {
  const isNewer = problem.includes('a newer version');
  return {
    level: 'error',
    code: isNewer ? 'NEWER_FORMAT' : 'ALIEN_DOCUMENT',
    what: `${name}: ${problem}`,
    why: isNewer ? 'members of this version claim nothing there' : 'no member can be master there',
    todo: isNewer
      ? 'bring all members to the newer version'
      : 'find out what wrote it, and restore or delete the document',
  };
}

function queueFindings({ name, queue, dead }: SubsystemView): Finding[] {
  const findings: Finding[] = [];
  if (queue?.headAge != null && queue.headAge > HEAD_AGE_MS) {
    findings.push({
      level: 'warning',
      code: 'OLD_HEAD',
      what: `the first task of ${name} has waited for ${Math.round(queue.headAge / 60_000)} min, and ${queue.queued} are queued`,
      why: 'the queue may be blocked by a task whose attempts are used up, or work is slower than what comes',
      todo: `look at \`mongo-failover tasks ${name} --limit 1\`, and \`requeue\` it if it may be tried again`,
    });
  }
  if (dead > 0) {
    findings.push({
      level: 'note',
      code: 'DEAD_LETTERS',
      what: `${name} has ${dead >= DEAD_COUNTED_MAX ? `${DEAD_COUNTED_MAX} or more` : dead} dead letters`,
      todo: `look at \`mongo-failover tasks ${name} --dead\`, and requeue or discard them`,
    });
  }
  return findings;
}

/** A version that does not say how its master is configured is older than those that do. */
function versionFindings(views: readonly SubsystemView[]): Finding[] {
  const held = views.filter(({ state }) => state === 'held');
  const old = held.filter(({ kind }) => kind === null);
  if (old.length === 0 || old.length === held.length) return [];
  return [
    {
      level: 'warning',
      code: 'TWO_VERSIONS',
      what: `masters of an older version hold ${old.map(({ name }) => name).join(', ')}`,
      why: 'it knows no requests of operators, and cannot tell members that are configured differently',
      todo: 'bring all members to one version',
    },
  ];
}
