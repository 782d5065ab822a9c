/** What came out, as a table for people and as a document for programs. */
import Table from 'cli-table3';
import pc from 'picocolors';
import type { DemoResult } from './demo.js';
import { intervals } from './intervals.js';
import type { DemoOptions } from './options.js';

export function reportText(result: DemoResult, colours: boolean): string {
  const { green, red, bold } = pc.createColors(colours);
  const { checks, figures, holds } = result.audit;
  const table = new Table({
    head: ['', 'what must hold', 'what was found'],
    style: { head: [], border: [], compact: true },
  });
  for (const check of checks) table.push([check.holds ? green('✓') : red('✗'), check.claim, check.found]);
  const lines = [table.toString()];
  for (const { member, heartbeat } of result.heartbeats) {
    const { sent, lateness, delay } = heartbeat;
    lines.push(
      `heartbeats of member ${member}: ${sent} sent, median lateness ${lateness.p50.toFixed(2)} ms, ` +
        `p99 ${lateness.p99.toFixed(2)} ms, at most ${lateness.max.toFixed(2)} ms ` +
        `(the thread woke up to ${delay.max.toFixed(2)} ms after it wanted to)`,
    );
  }
  if (result.heartbeats.length > 0)
    lines.push('Beats aim at 4 ms before they are due, so a thread that wakes 3 ms late is on time.');
  const { protocol, roundTrip, late, landed } = result.bound;
  lines.push(
    `the bound: SLAVE + TICKING + POLL ${protocol} ms, one round trip to the store ${roundTrip.toFixed(1)} ms (the longest), ` +
      `${late.toFixed(1)} ms by which this machine let timers wait` +
      (landed === 0 ? '' : `, ${landed.toFixed(1)} ms until the dead master's last heartbeat was through`),
  );
  if (result.kept !== null) lines.push(`store, task list and ledger are kept in ${result.kept}`);
  const failed = checks.filter((check) => !check.holds).length;
  lines.push(
    holds
      ? bold(green(`All holds: ${figures.done} files in ${figures.terms} terms, ${figures.repeated} repeated.`))
      : bold(red(`${failed} of ${checks.length} checks failed.`)),
  );
  return lines.join('\n');
}

export function reportJson(result: DemoResult, options: DemoOptions): string {
  const { audit, folder, listing, plan, bound, heartbeats, kept } = result;
  const document = {
    holds: audit.holds,
    folder,
    store: options.mongodb === undefined ? 'embedded' : 'mongodb',
    members: options.members,
    files: { found: listing.tasks.length, skipped: listing.skipped, taken: plan.tasks.length },
    quality: plan.quality,
    atLeast: plan.atLeast,
    intervals,
    bound,
    checks: audit.checks,
    figures: audit.figures,
    heartbeats,
    kept,
  };
  return JSON.stringify(document, null, 2);
}
