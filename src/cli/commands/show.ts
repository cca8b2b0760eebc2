import { join, relative } from 'node:path';
import { Command, Option } from 'commander';
import { fail, FailureError } from '../../core/failure.ts';
import type { Json, JsonObject } from '../../core/json.ts';
import { findCells } from '../../cells/select.ts';
import type { ModelDescription } from '../../ml/show/describe-model.ts';
import { resultsOf, type CellResult } from '../../project/results.ts';
import { type PastRun } from '../../record/past-runs.ts';
import { catalogue } from '../../stages/catalogue.ts';
import { kindNamesOf } from '../../stages/kind-names.ts';
import { kinds } from '../../stages/registry.ts';
import type { StageKind } from '../../stages/stage-kind.ts';
import { nameAdvice, singular } from '../../util/text.ts';
import { modelText } from '../model-text.ts';
import { examples, jsonOption, positiveInteger } from '../options.ts';
import { openProject } from '../../project/project.ts';
import { recentRun } from '../../project/recent.ts';
import { print, printJson } from '../terminal.ts';
import { calledFrom } from '../workspace.ts';

type ModelName = ModelDescription['model'];

interface Flags {
  readonly json?: boolean;
  readonly imageSize?: number;
  readonly classes?: number;
}

/**
 * `kdpipe show`: everything that is known of a cell's result, a run, or a registered name; a model layer by layer.
 *
 * @returns the commander command
 */
export function command(): Command {
  return new Command('show')
    .argument('<name>', 'a cell, a run, or a kind, model, method, dataset or engine')
    .addOption(
      new Option('--image-size <pixels>', 'build the model for images of this size').argParser(positiveInteger),
    )
    .addOption(new Option('--classes <number>', 'build the model for this many classes').argParser(positiveInteger))
    .addOption(jsonOption())
    .addHelpText(
      'after',
      examples("kdpipe show 'student[seed=0]'", 'kdpipe show train-teacher', 'kdpipe show resnet20 --image-size 32'),
    )
    .action(async (name: string, flags: Flags) => {
      if (isModel(name)) return showModel(name, flags);
      refuseModelFlags(name, flags);
      const shown = findRegistered(name) ?? result(name) ?? findSynonym(name) ?? failUnknown(name);
      if (flags.json) printJson(shown);
      else print(indentYaml(shown));
    });
}

const isModel = (name: string): name is ModelName => name in (catalogue()['models'] ?? {});

/** Builds the model. Loaded only here: networks as data, without any tensors behind them. */
async function showModel(name: ModelName, { json, imageSize, classes }: Flags): Promise<void> {
  const { describeModel } = await import('../../ml/show/describe-model.ts');
  const description = describeModel(name, { side: imageSize, classes });
  if (json) printJson(description);
  else print(modelText(description));
}

function refuseModelFlags(name: string, { imageSize, classes }: Flags): void {
  if (imageSize === undefined && classes === undefined) return;
  fail({
    code: 'useless-option',
    message: `--image-size and --classes do not apply to ${name}`,
    expected: 'a model with them (kdpipe list models)',
  });
}

/** A value as what `--json` prints of it. */
const plainJson = (value: object): Json => JSON.parse(JSON.stringify(value)) as Json;

/** A name of a registry, with its facts; a kind with its parameters. */
function findRegistered(name: string): JsonObject | undefined {
  const kind = Object.entries<StageKind>(kinds).find(([known]) => known === name)?.[1];
  if (kind) return { kind: name, summary: kind.summary, params: plainJson(kind.params) };
  for (const [registry, names] of Object.entries(catalogue())) {
    const facts = names[name];
    if (facts) return { [singular(registry)]: name, ...facts };
  }
  return undefined;
}

/** The kind that a synonym means; a cell may have the same name, and comes first. */
function findSynonym(name: string): JsonObject | undefined {
  const kind = kindNamesOf(kinds).synonyms.get(name);
  return kind === undefined ? undefined : findRegistered(kind);
}

/** The manifests of the cells that the latest run has results for, or a run itself. */
function result(name: string): JsonObject | undefined {
  const project = openProject();
  const { runsFolder } = project;
  let past: PastRun;
  try {
    past = recentRun(runsFolder, /^\d{8}T/.test(name) ? name : undefined);
  } catch (error) {
    if (error instanceof FailureError) return undefined;
    throw error;
  }
  if (past.run === name) return runFacts(past);
  const named = findCells(past.plan.cells, [name]);
  if (!named.ok) return undefined;
  return Object.fromEntries(resultsOf(project, past, named.value).map((found) => [found.cell, resultFacts(found)]));
}

function runFacts(past: PastRun): JsonObject {
  const { run, folder, plan, events } = past;
  return { run, folder, pipeline: plan.name, cells: plan.cells.length, events: plainJson(events) };
}

/** A result's manifest and where its outputs lie; of a cell without one, how far it came. */
function resultFacts({ entry, state }: CellResult): Json {
  if (!entry) return state;
  const paths = Object.entries(entry.outputs).map(
    ([name, { path }]) => [name, pathSeen(join(entry.path, path))] as const,
  );
  return {
    folder: pathSeen(entry.path),
    paths: Object.fromEntries(paths),
    ...(plainJson(entry.manifest()) as JsonObject),
  };
}

const pathSeen = (path: string): string => relative(calledFrom(), path);

function failUnknown(name: string): never {
  const known = [...kindNamesOf(kinds).all, ...Object.values(catalogue()).flatMap(Object.keys)];
  const advice = nameAdvice(name, known);
  return fail({
    code: 'unknown-name',
    message: `nothing here is called ${name}`,
    expected: 'a cell or a run of the latest runs, or a registered name (kdpipe list)',
    ...(advice === undefined ? {} : { fix: advice }),
  });
}

/** JSON as indented lines, without its punctuation. */
function indentYaml(value: Json, indent = ''): string {
  if (typeof value !== 'object' || value === null) return String(value);
  if (Object.keys(value).length === 0) return 'none';
  const deeper = `${indent}  `;
  const entries = Object.entries(value).map(([key, item]: [string, Json]) => [key, indentYaml(item, deeper)] as const);
  if (Array.isArray(value)) {
    const flat = entries.every(([, text]) => !text.includes('\n'));
    return flat
      ? entries.map(([, text]) => text).join(', ')
      : entries.map(([, text]) => `\n${indent}-${text}`).join('');
  }
  const lines = entries.map(([key, text]) => `${indent}${key}:${text.startsWith('\n') ? '' : ' '}${text}`);
  return indent === '' ? lines.join('\n') : `\n${lines.join('\n')}`;
}
