/** Mistakes in who sees the live page, in what it changes, and in what it costs. */
import type { PlantedBug } from '../plantedBug.ts';

const access = 'src/page/access.ts';
const caughtBy = ['named'] as const;

export const pageBugs: readonly PlantedBug[] = [
  {
    name: 'page-behind-a-proxy',
    breaks: 'A proxy on the same machine opens the page to all who reach it.',
    file: access,
    find: 'if (proxy !== undefined) throw closed(',
    replace: "if (proxy === '') throw closed(",
    caughtBy,
  },
  {
    name: 'page-for-any-answer',
    breaks: 'An `authorize` that returns an object, such as a refusal, lets everyone in.',
    file: access,
    find: 'if (verdict === true) return { name: null, isReader: false };',
    replace: "if (verdict && typeof verdict !== 'string') return { name: null, isReader: false };",
    caughtBy,
  },
  {
    name: 'page-changed-from-elsewhere',
    breaks: 'A page of another site changes something with the login of a viewer.',
    file: access,
    find: "if (site === 'same-origin' || (site === undefined && isOwnOrigin(request))) return;",
    replace: "if (site === 'same-origin' || site === undefined || isOwnOrigin(request)) return;",
    caughtBy,
  },
  {
    name: 'page-actions-hidden-alone',
    breaks: 'Without `actions` the page shows none, and its routes are there.',
    file: 'src/page/routes.ts',
    find: "return route.type === 'write' && !options.actions.includes(actionOf(route)) ? null : route;",
    replace: 'return options.actions === undefined ? null : route;',
    also: [{ find: 'function actionOf(', replace: 'export function actionOf(' }],
    caughtBy,
  },
  {
    name: 'page-acts-on-another-letter',
    breaks: 'Of an id that has died twice, the older letter is discarded instead of the chosen one, with its payload.',
    file: 'src/page/actions.ts',
    find: "return (await desk.discard(id, find)) ? 'discarded' : 'none';",
    replace: "return (await desk.discard(id)) ? 'discarded' : 'none';",
    caughtBy,
  },
  {
    name: 'page-open-to-silent-proxies',
    breaks: 'Who comes through a proxy that says nothing of itself changes what this machine may change.',
    file: 'src/page/options.ts',
    find: "if (authorize === null && (payload || actions.length > 0)) throw needsAuthorize(payload ? 'payload' : 'actions');",
    replace: "if (authorize === null && payload) throw needsAuthorize('payload');",
    caughtBy,
  },
  {
    name: 'page-polls-for-each',
    breaks: 'Each viewer costs the store a look of its own.',
    file: 'src/page/poll.ts',
    find: 'if (now - this.seenAt >= PERIOD_MS && now >= this.restsUntil) {',
    replace: 'if (now >= this.seenAt) {',
    caughtBy,
  },
  {
    name: 'page-asks-a-slow-store-again',
    breaks: 'Who asks for names that there are not has a slow store look at all its subsystems without a rest.',
    file: 'src/page/poll.ts',
    find: 'if (now - this.seenAt >= PERIOD_MS && now >= this.restsUntil) {',
    replace: 'if (now - this.seenAt >= PERIOD_MS) {',
    caughtBy,
  },
  {
    name: 'page-measures-all',
    breaks: 'A look measures every queue, so a thousand subsystems take the store from their members.',
    file: 'src/page/measures.ts',
    find: '.slice(0, Math.max(MEASURED_MAX, watched.size));',
    replace: '.slice(0, MEASURED_MAX * names.length);',
    caughtBy,
  },
  {
    name: 'page-left-behind',
    breaks: 'A viewer with a slow connection shows for ever what it had no room to be told.',
    file: 'src/page/viewer.ts',
    find: '      this.step = null;\n',
    replace: '',
    caughtBy,
  },
  {
    name: 'page-shows-what-redact-failed-on',
    breaks: 'A task is shown as it is because `redact` has thrown.',
    file: 'src/page/payloads.ts',
    find: `return redact === null ? '"(this task cannot be shown)"' : '"(redact() has failed, so this is not shown)"';`,
    replace: 'return bson.EJSON.stringify(exact(task, 0));',
    caughtBy,
  },
];
