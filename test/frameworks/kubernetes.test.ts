/**
 * The manifest against the schema that Kubernetes publishes of itself. It is read from a module of Go that brings it along, so
 * `go` is needed and no cluster. As the server is when it validates strictly, it is told of each field that there is not.
 */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, test } from 'vitest';
import { installed } from './install.ts';

const SCHEMAS = 'sigs.k8s.io/kubectl-validate@v0.0.4';
const VERSION = '1.30';

interface Resource {
  apiVersion: string;
  kind: string;
  // biome-ignore lint/suspicious/noExplicitAny: the tests break it in many places
  spec: any;
}

interface Schema {
  readonly components: { readonly schemas: { readonly [name: string]: object } };
}

const required = createRequire(join(installed, 'package.json'));
const { Ajv } = required('ajv');
const { loadAll } = required('js-yaml');

let resources: Resource[];
let folder: string;

beforeAll(async () => {
  const manifest = join(import.meta.dirname, '../../samples/kubernetes.yaml');
  resources = loadAll(await readFile(manifest, 'utf8'));
  const { stdout } = await promisify(execFile)('go', ['mod', 'download', '-json', SCHEMAS]);
  folder = join(JSON.parse(stdout).Dir, 'pkg/openapiclient/builtins', VERSION);
});

/** Returns what is wrong with a resource: the path and the text of each finding. */
async function findings(resource: Resource): Promise<string[]> {
  const { apiVersion, kind } = resource;
  const file = join(folder, apiVersion.includes('/') ? 'apis' : 'api', `${apiVersion}.json`);
  const schema: Schema = JSON.parse(await readFile(file, 'utf8'));
  const [group, version] = apiVersion.includes('/') ? apiVersion.split('/') : ['', apiVersion];
  const own = JSON.stringify({ group, kind, version });
  const [name] =
    Object.entries(schema.components.schemas).find(([, each]) => {
      const kinds: { group: string; kind: string; version: string }[] =
        Reflect.get(each, 'x-kubernetes-group-version-kind') ?? [];
      return kinds.some(({ group, kind, version }) => JSON.stringify({ group, kind, version }) === own);
    }) ?? [];
  if (name === undefined) throw new Error(`there is no ${kind} in ${apiVersion}`);
  const ajv = new Ajv({ strict: false, validateFormats: false, allErrors: true });
  ajv.addSchema({ $id: 'kubernetes', ...closed(schema) });
  const validate = ajv.compile({ $ref: `kubernetes#/components/schemas/${name}` });
  validate(resource);
  return (validate.errors ?? []).map(
    ({ instancePath, message, params }: { instancePath: string; message: string; params: object }) =>
      `${instancePath} ${message} ${JSON.stringify(params)}`,
  );
}

/** Closes each object whose fields are listed: a field that is not there is a finding. */
function closed<Part>(part: Part): Part {
  if (typeof part !== 'object' || part === null) return part;
  if (Array.isArray(part)) return part.map(closed) as Part;
  const entries = Object.entries(part).map(([name, value]) => [name, closed(value)]);
  const isObject = 'type' in part && part.type === 'object' && 'properties' in part;
  const isOpen = isObject && !('additionalProperties' in part);
  return Object.fromEntries(isOpen ? [...entries, ['additionalProperties', false]] : entries);
}

function resource(kind: string): Resource {
  const found = resources.find((each) => each.kind === kind);
  if (found === undefined) throw new Error(`there is no ${kind} in the manifest`);
  return structuredClone(found);
}

test('each resource is one that Kubernetes takes', async () => {
  expect(resources.map(({ kind }) => kind)).toEqual(['Deployment', 'PodDisruptionBudget', 'Service']);
  for (const each of resources) expect(await findings(each)).toEqual([]);
});

describe('what is wrong is found', () => {
  test.each<[string, (spec: Resource['spec']) => void]>([
    ['replicas', (spec) => Object.assign(spec, { replicas: '2' })],
    ['replicaz', (spec) => Object.assign(spec, { replicaz: 2 })],
    ['httpget', (spec) => Object.assign(spec.template.spec.containers[0].livenessProbe, { httpget: {} })],
    ['selector', (spec) => delete spec.selector],
    ['maxSkew', (spec) => delete spec.template.spec.topologySpreadConstraints[0].maxSkew],
  ])('%s', async (name, spoil) => {
    const spoilt = resource('Deployment');
    spoil(spoilt.spec);
    expect((await findings(spoilt)).join('\n')).toContain(name);
  });
});

test('the probes ask where probes are served, and neither asks who is master', () => {
  const [container] = resource('Deployment').spec.template.spec.containers;
  const port = container.ports.find(({ name }: { name: string }) => name === 'observe').containerPort;
  const env = container.env.find(({ name }: { name: string }) => name === 'OBSERVE_PORT');
  expect(env.value).toBe(String(port));
  const asked = ['startupProbe', 'livenessProbe', 'readinessProbe'].map((probe) => container[probe].httpGet);
  expect(asked).toEqual(['/livez', '/livez', '/readyz'].map((path) => ({ path, port: 'observe' })));
});

test('the budget, the service and the spread are for the pods of the deployment', () => {
  const { template, selector, replicas } = resource('Deployment').spec;
  const { labels } = template.metadata;
  expect(selector.matchLabels).toEqual(labels);
  expect(resource('PodDisruptionBudget').spec).toEqual({ maxUnavailable: 1, selector: { matchLabels: labels } });
  expect(resource('Service').spec.selector).toEqual(labels);
  for (const spread of template.spec.topologySpreadConstraints) {
    expect(spread.labelSelector.matchLabels).toEqual(labels);
  }
  expect(replicas).toBeGreaterThan(1);
});
