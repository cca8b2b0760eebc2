import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fail } from '../core/failure.ts';
import { isJsonObject, type JsonObject } from '../core/json.ts';
import { ownValue } from '../core/own.ts';
import type { CellId, Key } from '../core/plan.ts';
import type { Manifest, Store } from '../store/store.ts';
import type { Project } from './project.ts';
import { entryOf, findResults, latestRuns, resultsOf } from './results.ts';

/** A trained network, and what its record tells of it. */
export interface TrainedNetwork {
  /** What to call it: its cell, or its file. */
  readonly name: string;
  /** Absolute path of its weights. */
  readonly weights: string;
  /** Absolute path of the packed dataset that it was trained on, where that is there still. */
  readonly data?: string | undefined;
  /** Cell, run and commit that made it. */
  readonly made?: JsonObject;
  /** Parameters of the stage and, by the parameter that names them, of those that it read. */
  readonly stages?: JsonObject;
  /** Of its training and, by split, of the evaluations of it. */
  readonly metrics?: JsonObject;
  /** Repositories of the Hugging Face Hub whose weights it began with or learned from. */
  readonly baseModels?: readonly string[];
}

type Input = Manifest['inputs'][number];

function manifestOf(store: Store, { key }: Input): Manifest | undefined {
  return store.find(key)?.manifest();
}

/** Parameters but for references: what they stand for has parameters of its own. */
const plainParams = (params: JsonObject): JsonObject =>
  Object.fromEntries(Object.entries(params).filter(([, value]) => !JSON.stringify(value).includes('"$input"')));

function stagesOf(store: Store, { kind, params, inputs }: Manifest): JsonObject {
  const read = inputs.map((input) => {
    const made = manifestOf(store, input);
    return [input.name, made ? { kind: made.kind, ...plainParams(made.params) } : { cell: input.cell }] as const;
  });
  return { kind, ...plainParams(params), ...Object.fromEntries(read) };
}

/** Repositories of a hub that the files behind a stage were fetched from; those of datasets are none. */
function baseModelsOf(store: Store, manifest: Manifest, seen = new Set<Key>()): readonly string[] {
  return manifest.inputs.flatMap((input): readonly string[] => {
    if (seen.has(input.key)) return [];
    seen.add(input.key);
    const made = manifestOf(store, input);
    const { url } = made?.params ?? {};
    const [, repo] = typeof url === 'string' ? (/^hf:([^/:]+\/[^/@]+)(?:@[^/]+)?\/(?!$)/.exec(url) ?? []) : [];
    if (repo !== undefined && made?.kind === 'fetch' && !repo.startsWith('datasets/')) return [repo];
    return made ? baseModelsOf(store, made, seen) : [];
  });
}

/** Metrics of the evaluations of a result, in the latest run that has such. */
function scoresOf(project: Project, cell: CellId, key: Key): JsonObject {
  for (const past of latestRuns(project)) {
    const scores = past.plan.cells.filter(({ kind, needs }) => kind === 'evaluate' && needs.includes(cell));
    const results = resultsOf(
      project,
      past,
      scores.map(({ id }) => id),
    );
    const made = results.flatMap(({ entry }) => entry?.manifest() ?? []);
    // One that evaluated another as its teacher tells nothing of it.
    const own = made.filter(({ inputs }) => inputs.some((input) => input.name === 'of' && input.key === key));
    if (own.length > 0) return Object.assign({}, ...own.map(({ metrics }) => metrics)) as JsonObject;
  }
  return {};
}

/** What is told of splits; what is told of the network itself the training has told. */
const splitsOnly = (metrics: JsonObject): JsonObject =>
  Object.fromEntries(Object.entries(metrics).filter(([, value]) => isJsonObject(value)));

/**
 * The dataset that a stage read.
 *
 * @param store - where results are
 * @param manifest - of the stage's result
 * @returns absolute path of the packed dataset; undefined where there is none, or no longer
 */
export function dataOf(store: Store, manifest: Manifest): string | undefined {
  const input = manifest.inputs.find(({ name }) => name === 'data');
  const entry = input && store.find(input.key);
  const output = entry && ownValue(entry.outputs, input.output);
  return output && join(entry.path, output.path);
}

function ofCell(project: Project, name: string): TrainedNetwork {
  const { results } = findResults(project, name);
  const [first, ...others] = results;
  if (!first || others.length > 0)
    return fail({
      code: 'several-cells',
      message: `${name} stands for ${results.length} cells`,
      expected: 'one trained network',
      fix: `name one of them: ${results
        .slice(0, 3)
        .map(({ cell }) => `'${cell}'`)
        .join(', ')}`,
    });
  const entry = entryOf(first);
  const weights = ownValue(entry.outputs, 'weights');
  const record = entry.manifest();
  if (!weights)
    return fail({
      code: 'no-network',
      message: `${first.cell} is a ${record.kind} stage`,
      expected: 'a stage with weights: train-teacher, distill-student or pretrained',
    });
  const { cell, run, commit, metrics, versions } = record;
  return {
    name: cell,
    weights: join(entry.path, weights.path),
    data: dataOf(project.store, record),
    made: { cell, run, commit, ...versions },
    // The card of an export alone asks for these: predictions do without a look at past runs.
    get stages() {
      return stagesOf(project.store, record);
    },
    get metrics() {
      return { ...metrics, ...splitsOnly(scoresOf(project, cell, entry.key)) };
    },
    get baseModels() {
      return baseModelsOf(project.store, record);
    },
  };
}

/**
 * Finds a trained network.
 *
 * @param project - the workspace
 * @param name - a cell, or `stage[axis=value]` that means one; or a path of a .safetensors file that a stage has written
 * @returns where it lies, and what is known of it
 * @throws FailureError when nothing is called that, several are, or what is has no weights
 */
export function findTrained(project: Project, name: string): TrainedNetwork {
  return name.endsWith('.safetensors') && existsSync(name) ? { name, weights: name } : ofCell(project, name);
}
