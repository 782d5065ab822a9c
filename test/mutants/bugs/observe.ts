/** Mistakes in what probes and metrics say. */
import type { PlantedBug } from '../plantedBug.ts';

const families = 'src/observe/families.ts';
const caughtBy = ['named'] as const;

export const observeBugs: readonly PlantedBug[] = [
  {
    name: 'dead-while-the-store-is-away',
    breaks: 'Orchestrators kill every member while the store is away.',
    file: 'src/observe/health.ts',
    find: 'live: deaths.length === 0,',
    replace: 'live: deaths.length === 0 && running.every(({ counts: { storeFails } }) => !storeFails),',
    caughtBy,
  },
  {
    name: 'ready-as-master-alone',
    breaks: 'A standby is not ready, so a rolling update waits for ever.',
    file: 'src/observe/health.ts',
    find: 'const absent = running.filter(({ counts: { joined } }) => !joined);',
    replace: "const absent = running.filter(({ counts: { state } }) => state !== 'master');",
    caughtBy,
  },
  {
    name: 'no-master-unseen',
    breaks: 'A member that was never master has no series, so the alert on a missing master never comes.',
    file: families,
    find: 'groups.each((c) => bit(isMaster(c))),',
    replace: "groups.each((c) => (c.counts.state === 'stopped' ? null : bit(isMaster(c)))),",
    caughtBy,
  },
  {
    name: 'buckets-apart',
    breaks: 'A bucket does not count what is in those below it, so every quantile is wrong.',
    file: families,
    find: 'count += counts[index] ?? 0;',
    replace: 'count = counts[index] ?? 0;',
    caughtBy,
  },
  {
    name: 'queue-of-long-ago',
    breaks: 'What waited when the store last answered is shown for ever.',
    file: families,
    find: 'counts.queue(now - QUEUE_MAX_AGE_MS);',
    replace: 'counts.queue((now - QUEUE_MAX_AGE_MS) * 0);',
    caughtBy,
  },
  {
    name: 'any-host-on-loopback',
    breaks: 'A web page of another site reads the answers, by a name that leads to this machine.',
    file: 'src/observe/access.ts',
    find: "host === undefined || isLoopback(hostnameOf(host)) ? 'full' : 'foreign';",
    replace: "host === undefined || host.includes('.') || isLoopback(hostnameOf(host)) ? 'full' : 'foreign';",
    caughtBy,
  },
  {
    name: 'attempts-in-one-endless-trace',
    breaks:
      'Each attempt is part of the trace of its submitter, which never ends for a task that is tried again for days.',
    file: 'src/observe/spans.ts',
    find: 'return { ...start, root: true, links:',
    replace: 'return { ...start, links:',
    caughtBy,
  },
  {
    name: 'context-of-another-program-lost',
    breaks: 'A task that carries the context of another program gets that of its submitter.',
    file: 'src/observe/spans.ts',
    find: "carrier.traceparent === undefined || 'traceparent' in task || !isPlain(task)",
    replace: 'carrier.traceparent === undefined || !isPlain(task)',
    caughtBy,
  },
];
