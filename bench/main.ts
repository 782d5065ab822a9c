/**
 * `npm run bench -- [question…] [--quick] [--row NAME] [--json FILE]`: asks the questions one after another, prints what they answer,
 * and saves it in bench/results: JSON with everything that was measured, SVG to look at. docs/explain/bench.md says how to read it.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Machine, machine } from '../src/cli/bench/machine.js';
import { delayed } from './delayed/delayed.js';
import { durable } from './durable/durable.js';
import { failoverTime } from './failover/failoverTime.js';
import { heartbeats } from './heartbeats/heartbeats.js';
import { latency } from './latency/latency.js';
import { memory } from './memory/memory.js';
import { peers } from './peers/peers.js';
import { scale } from './scale/scale.js';
import { schedules } from './schedules/schedules.js';
import { cleanUpAtEnd } from './support/cleanup.js';
import { packageFolder } from './support/packageFolder.js';
import type { Answer, Question } from './support/question.js';
import { renderSvg } from './support/svg.js';
import { renderTable } from './support/table.js';
import { submission } from './throughput/submission.js';
import { throughput } from './throughput/throughput.js';

const questions: readonly Question[] = [
  ...[heartbeats, failoverTime, latency, throughput, durable, submission, memory, delayed],
  ...[scale, schedules, peers],
];

const usage = `npm run bench -- [question…] [--quick] [--row NAME[,NAME…]] [--json FILE]
questions: ${questions.map(({ name }) => name).join(', ')}; all but peers when none is named
--quick      fewer and shorter rounds, about a minute for a question
--row NAME   these rows only, of ${questions
  .flatMap(({ name, rows }) => (rows === undefined ? [] : [`${name}: ${rows.join(', ')}`]))
  .join('; ')}
--json FILE  everything that was measured in one file, beside bench/results/<question>.json`;

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      quick: { type: 'boolean', default: false },
      row: { type: 'string' },
      json: { type: 'string' },
      help: { type: 'boolean' },
    },
  });
  if (values.help) return console.log(usage);
  const rows = values.row?.split(',');
  const wrong = whatIsWrong(positionals, rows);
  if (wrong !== undefined) {
    console.error(`${wrong}\n${usage}`);
    process.exitCode = 2;
    return;
  }
  cleanUpAtEnd();
  const facts = machine();
  console.log(showMachine(facts));
  const asked = questions.filter(({ name, isExtra }) =>
    positionals.length === 0 ? !isExtra : positionals.includes(name),
  );
  const saved: unknown[] = [];
  for (const question of asked) {
    console.log(`\n== ${question.name}: ${question.title}${values.quick ? ' (quick)' : ''} ==`);
    const from = performance.now();
    const answer = await question.ask({
      quick: values.quick,
      rows,
      progress: (text) => process.stderr.write(`   ${text}\n`),
    });
    const seconds = Math.round((performance.now() - from) / 1000);
    print(answer);
    console.log(`took ${seconds} s`);
    saved.push(await save(question, answer, facts, { quick: values.quick, rows, seconds }));
  }
  if (values.json !== undefined) await writeFile(values.json, json(saved));
}

/** Undefined if nothing is. */
function whatIsWrong(names: readonly string[], rows: readonly string[] | undefined): string | undefined {
  const unknown = names.filter((name) => !questions.some((question) => question.name === name));
  if (unknown.length > 0) return `unknown question: ${unknown.join(', ')}`;
  if (rows === undefined) return undefined;
  const [name, ...others] = names;
  const known = questions.find((question) => question.name === name)?.rows;
  if (known === undefined || others.length > 0) return '--row is for one question that has rows';
  const strange = rows.filter((row) => !known.includes(row));
  return strange.length === 0 ? undefined : `unknown row: ${strange.join(', ')}`;
}

function showMachine({ cores, cpu, node, system, memory, load }: Machine): string {
  return `${cores} cores (${cpu}), ${memory}, ${system}, Node.js ${node}, load before ${load}`;
}

function print({ tables, goals, notes }: Answer): void {
  for (const table of tables) console.log(`\n${renderTable(table)}`);
  const rows = goals.map(({ promise, measured, met }) => [promise, measured, met ? 'met' : 'MISSED']);
  if (rows.length > 0) console.log(`\n${renderTable({ title: 'Goals', head: ['goal', 'measured', ''], rows })}`);
  for (const note of notes) console.log(`- ${note}`);
}

interface Run {
  readonly quick: boolean;
  readonly rows: readonly string[] | undefined;
  readonly seconds: number;
}

/** Saves one answer beside the others, and returns what was written as JSON. Single rows have files of their own. */
async function save(question: Question, answer: Answer, facts: Machine, { quick, rows, seconds }: Run) {
  const folder = join(packageFolder(), 'bench', 'results');
  await mkdir(folder, { recursive: true });
  const { tables, goals, notes, data, pictures } = answer;
  const at = new Date().toISOString();
  const all = { question: question.name, at, quick, seconds, machine: facts, goals, notes, tables, data };
  const base = [question.name, ...(rows ?? [])].join('-');
  await writeFile(join(folder, `${base}.json`), json(all));
  for (const { suffix, chart } of pictures) {
    const file = suffix === '' ? base : `${base}-${suffix}`;
    await writeFile(join(folder, `${file}.svg`), renderSvg(chart));
  }
  return all;
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

await main();
