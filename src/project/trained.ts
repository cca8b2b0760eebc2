import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fail } from '../core/failure.ts';
import type { JsonObject } from '../core/json.ts';
import { ownValue } from '../core/own.ts';
import type { Manifest, Store } from '../store/store.ts';
import type { Project } from './project.ts';
import { entryOf, findResults } from './results.ts';

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
  readonly metrics?: JsonObject;
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
    stages: stagesOf(project.store, record),
    metrics,
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
