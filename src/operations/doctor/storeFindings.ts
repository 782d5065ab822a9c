/** From what a store says of itself to findings. Pure. */
import type { EmbeddedFacts, IndexFact, MongodbFacts, StoreFacts } from '../../store/facts.js';
import { clocksText } from '../clocks.js';
import type { Finding } from './findings.js';

const FREE_BYTES_MIN = 256 * 1024 * 1024;

export function storeFindings(facts: StoreFacts): Finding[] {
  return facts.kind === 'mongodb' ? mongodbFindings(facts) : embeddedFindings(facts);
}

function mongodbFindings(facts: MongodbFacts): Finding[] {
  return [
    serverFinding(facts),
    ...topologyFindings(facts),
    ...clockFindings(facts),
    ...rightFindings(facts),
    ...indexFindings(facts),
  ];
}

function serverFinding({ version, topology, hosts, label }: MongodbFacts): Finding {
  const kinds = {
    single: 'one server',
    replicaSet: `a replica set of ${hosts}`,
    sharded: 'a sharded cluster',
    other: 'of an unknown kind',
  };
  return { level: 'good', code: 'SERVER', what: `${label}: version ${version ?? 'unknown'}, ${kinds[topology]}` };
}

function topologyFindings({ topology, hosts, arbiters }: MongodbFacts): Finding[] {
  if (topology === 'single') {
    return [
      {
        level: 'warning',
        code: 'SINGLE_SERVER',
        what: 'the database is one server, not a replica set',
        why: 'while it is away there is no master, and what it loses is lost: leases, stored tasks and dead letters',
        todo: 'use a replica set of three members that keep data in production',
      },
    ];
  }
  if (arbiters === 0 || hosts > 2) return [];
  return [
    {
      level: 'warning',
      code: 'ARBITER',
      what: `the replica set has ${hosts} members that keep data, and ${arbiters} that only vote`,
      why: 'every beat needs the majority of all, so if one of the two is away, no write is acknowledged and there is no master',
      todo: 'replace the arbiter by a member that keeps data',
    },
  ];
}

function clockFindings({ clockAhead }: MongodbFacts): Finding[] {
  const what = clocksText(clockAhead);
  if (what === null) return [];
  return [
    {
      level: 'warning',
      code: 'CLOCKS',
      what,
      why: 'no election reads it, but schedules follow the clock of their master, and times of lists and of `pause --for` are wrong by as much',
      todo: 'let all machines take their time from NTP',
    },
  ];
}

function rightFindings({ user, lacking }: MongodbFacts): Finding[] {
  if (user === null) {
    return [{ level: 'note', code: 'NO_LOGIN', what: 'the connection has no login, so rights were not looked at' }];
  }
  if (lacking === null) {
    return [{ level: 'note', code: 'RIGHTS_UNSEEN', what: `the server does not say what the user ${user} may do` }];
  }
  const missing = Object.entries(lacking).filter(([, actions]) => actions.length > 0);
  if (missing.length === 0)
    return [{ level: 'good', code: 'RIGHTS', what: `the user ${user} may do all that a member needs` }];
  const always = Object.entries(lacking).filter(([collection]) => !(collection in features));
  const onlyReads = always.every(([, actions]) => actions.includes('insert') && !actions.includes('find'));
  if (onlyReads) {
    const what = `the user ${user} may only read: enough to look, and not for a member`;
    return [{ level: 'note', code: 'READ_ONLY', what }];
  }
  return [
    ...lackFindings(
      user,
      missing.filter(([collection]) => !(collection in features)),
    ),
    ...missing.filter(([collection]) => collection in features).map((each) => featureFinding(user, each)),
  ];
}

type Missing = readonly (readonly [collection: string, actions: readonly string[]])[];

const todo = 'give the user the role that docs/guide/databases.md shows';

function lackFindings(user: string, missing: Missing): Finding[] {
  if (missing.length === 0) return [];
  const list = missing.map(([collection, actions]) => `${collection}: ${actions.join(', ')}`).join('; ');
  const { level, why } = lackOf(new Set(missing.flatMap(([, actions]) => actions)));
  return [{ level, code: 'RIGHTS', what: `the user ${user} lacks rights: ${list}`, why, todo }];
}

/** What does not work without rights on a collection, while the rest does. */
const features: Readonly<Record<string, string>> = {
  failover_outcomes:
    'tasks are done, and how they ended is not kept (keepOutcomes): done() and outcome() do not know it',
  failover_outbox: 'tasks of transactions, and those that were submitted for later, stay in the outbox and are not run',
  failover_schedules: 'no slot of a schedule gets a task',
};

function featureFinding(user: string, [collection, actions]: Missing[number]): Finding {
  const what = `the user ${user} lacks rights: ${collection}: ${actions.join(', ')}`;
  const isNeeded = actions.some((action) => ['find', 'insert', 'update'].includes(action));
  if (isNeeded) return { level: 'warning', code: 'RIGHTS', what, why: features[collection] ?? '', todo };
  const why = actions.includes('remove') ? 'what is over there cannot be deleted' : lackOf(new Set(actions)).why;
  return { level: actions.includes('remove') ? 'warning' : 'note', code: 'RIGHTS', what, why, todo };
}

/** Says what a member lacks with these rights missing. */
function lackOf(actions: ReadonlySet<string>): { readonly level: Finding['level']; readonly why: string } {
  const helpful = ['createIndex', 'listIndexes', 'changeStream'];
  if ([...actions].some((action) => !helpful.includes(action))) {
    return { level: 'error', why: 'a member of this user cannot be elected, or cannot work' };
  }
  const reasons = [
    ...(actions.has('createIndex') ? ['an administrator must make the indexes'] : []),
    ...(actions.has('listIndexes') ? ['whether all indexes are there is found out by reads that name them'] : []),
    ...(actions.has('changeStream') ? ['members hear of changes after POLL, and not at once'] : []),
  ];
  return { level: 'note', why: reasons.join(', and ') };
}

function indexFindings({ indexes }: MongodbFacts): Finding[] {
  const bad = indexes.filter(({ state }) => state === 'missing' || state === 'wrong');
  const findings = bad.map(indexFinding);
  if (indexes.some(({ state }) => state === 'unseen')) {
    findings.push({
      level: 'note',
      code: 'INDEXES_UNSEEN',
      what: 'the user may not list indexes, so they were not looked at',
    });
  }
  if (findings.length > 0) return findings;
  const unused = indexes.every(({ state }) => state === 'unused');
  const what = unused ? 'there are no collections yet: the first member makes them' : 'all indexes are there';
  return [{ level: 'good', code: 'INDEXES', what }];
}

const costs: Readonly<Record<IndexFact['use'], { readonly level: Finding['level']; readonly why: string }>> = {
  correct: { level: 'error', why: 'without it one task may be stored and run twice, so no task is stored' },
  fast: { level: 'warning', why: 'without it calls go through the whole collection' },
  tidy: { level: 'note', why: 'without it lines of dead members stay until a member starts' },
};

function indexFinding({ collection, name, state, use, command }: IndexFact): Finding {
  const { level, why } = costs[use];
  const what = `the index ${name} of ${collection} is ${state === 'wrong' ? 'there with other options' : 'missing'}`;
  return { level, code: 'INDEX', what, why, todo: `let an administrator run in mongosh: ${command}` };
}

function embeddedFindings({ label, size, free }: EmbeddedFacts): Finding[] {
  const bytes = size === null ? '' : `, ${(size / 1e6).toFixed(1)} MB`;
  const findings: Finding[] = [{ level: 'good', code: 'SERVER', what: `${label}: the embedded store${bytes}` }];
  if (free !== null && free < FREE_BYTES_MIN) {
    findings.push({
      level: 'warning',
      code: 'DISK',
      what: `the disk of the store has ${(free / 1e6).toFixed(0)} MB left`,
      why: 'on a full disk no beat can be written, so there is no master',
      todo: 'make room there',
    });
  }
  return findings;
}
