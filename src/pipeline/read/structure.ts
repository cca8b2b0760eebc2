import type { KindNames } from '../../stages/kind-names.ts';
import type { PipelineDocument } from './read-pipeline.ts';
import type { Problems } from '../source/problems.ts';
import { entriesOf, Shape } from './shape.ts';
import { readSlurmSettings } from './slurm-settings.ts';
import { readSubmission, SUBMISSION } from './submission.ts';
import { inside, type Located, type SourceLocation } from '../source/location.ts';
import { usualLimits, type Limited } from '../source/budget.ts';
import { describeValue } from '../source/describe-value.ts';
import { readPlot, readTable } from './reports.ts';
import { readSearch } from './search.ts';
import type { MatrixSpec, PipelineSpec, StageSpec, LocatedMap } from './spec.ts';

const TOP = [
  'name',
  'description',
  'limits',
  'params',
  'env',
  'plugins',
  'defaults',
  ...SUBMISSION,
  'stages',
  'tables',
  'plots',
] as const;
const STAGE = [
  ...['uses', 'with', 'matrix', 'seeds', 'search', 'resources', 'retry', 'timeout', 'slurm', 'description'],
] as const;
const RESOURCES = ['cpu', 'gpu', 'memory', 'time'] as const;

/** Keys of a matrix that are no axes. */
const MATRIX_WORDS = new Set(['zip', 'include', 'exclude']);

const isLimited = (name: string): name is Limited => Object.hasOwn(usualLimits, name);

const ENV_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** Names become folders of runs/. */
const PIPELINE_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;

/** The file's own name, without folder and extension. */
function nameOfFile(file: string): string {
  const base = file.replace(/^.*[\\/]/, '').replace(/\.[^.]*$/, '');
  return base.replace(/[^A-Za-z0-9._-]+/g, '-').replace(/^[^A-Za-z0-9]+/, '') || 'pipeline';
}

function readName(top: LocatedMap, file: string, shape: Shape): string {
  const name = shape.text(top.get('name'), 'name');
  if (!name) return nameOfFile(file);
  if (!PIPELINE_NAME.test(name.value)) {
    shape.problems.add({
      code: 'bad-name',
      message: `${JSON.stringify(name.value)} cannot be the name of a pipeline`,
      expected: 'a letter or digit, then letters, digits, . _ or -: the name becomes a folder of runs/',
      location: name.location,
    });
  }
  return name.value;
}

/** What the plan may take beyond what is usual. */
function readLimits(top: LocatedMap, shape: Shape): void {
  const { problems } = shape;
  for (const [name, { value, location }] of shape.fields(top.get('limits'), 'limits', Object.keys(usualLimits))) {
    if (!isLimited(name)) continue;
    if (typeof value === 'number' && Number.isInteger(value) && value > 0) problems.budget.allow(name, value);
    else
      problems.add({
        code: 'bad-limit',
        message: `${name} is ${describeValue(value)}`,
        expected: 'a whole number of at least 1',
        location,
      });
  }
}

function readEnv(top: LocatedMap, shape: Shape): ReadonlyMap<string, string> {
  const env = new Map<string, string>();
  for (const [name, written] of shape.named(top.get('env'), 'env', ENV_NAME)) {
    const { value } = written;
    if (typeof value === 'object') shape.wrongType(written, `env.${name}`, 'a text, number or boolean as the default');
    else env.set(name, String(value));
  }
  return env;
}

/** `defaults.train` and `defaults.train-teacher` name the same kind. */
function refuseTwice(kind: string, written: Located, earlier: SourceLocation, shape: Shape): void {
  shape.problems.add({
    code: 'defaults-twice',
    message: `the defaults of ${kind} are given twice, under two names of it`,
    expected: 'one of them',
    location: written.location,
    atKey: true,
    also: earlier,
  });
}

function readDefaults(top: LocatedMap, kinds: KindNames, shape: Shape): PipelineSpec['defaults'] {
  const defaults = new Map<string, { location: Located['location']; params: LocatedMap }>();
  for (const [name, written] of shape.fields(top.get('defaults'), 'defaults', kinds.all)) {
    const mapping = shape.mapping(written, `defaults.${name}`);
    const kind = kinds.synonyms.get(name) ?? name;
    const earlier = defaults.get(kind);
    if (earlier) refuseTwice(kind, written, earlier.location, shape);
    else if (mapping) defaults.set(kind, { location: mapping.location, params: entriesOf(mapping) });
  }
  return defaults;
}

/** `seed` and `seeds` name the same axis, wherever they stand. True when they are given once at most. */
function checkSeeds(given: readonly (Located | undefined)[], shape: Shape): boolean {
  const [first, second] = given.filter((written) => written !== undefined);
  if (!first || !second) return true;
  shape.problems.add({
    code: 'seeds-twice',
    message: 'the seeds are given twice',
    expected: 'either seeds or an axis seed',
    location: second.location,
    atKey: true,
    also: first.location,
  });
  return false;
}

function readMatrix(written: Located | undefined, seeds: Located | undefined, shape: Shape): MatrixSpec | undefined {
  if (!written && !seeds) return undefined;
  const location = written?.location ?? seeds?.location ?? { path: [] };
  const top = shape.named(written, 'a matrix');
  const zip = new Map(shape.named(top.get('zip'), 'zip'));
  const axes = new Map([...top].filter(([name]) => !MATRIX_WORDS.has(name)));
  if (!checkSeeds([seeds, top.get('seeds'), top.get('seed'), zip.get('seed')], shape)) {
    // One of them is enough to go on with, and to find what else is wrong.
    axes.delete('seed');
    zip.delete('seed');
  }
  return {
    location,
    axes: seeds ? axes.set('seeds', seeds) : axes,
    zip,
    zipLocation: inside(location, 'zip'),
    include: shape.mappings(top.get('include'), 'include'),
    exclude: shape.mappings(top.get('exclude'), 'exclude'),
    replaced: new Set(),
  };
}

/** The kind's own name where a synonym is written. */
function readUses(written: Located | undefined, kinds: KindNames, shape: Shape): Located<string> | undefined {
  const uses = shape.text(written, 'uses');
  return uses && { ...uses, value: kinds.synonyms.get(uses.value) ?? uses.value };
}

function readStage(id: string, written: Located, kinds: KindNames, shape: Shape): StageSpec | undefined {
  if (!shape.mapping(written, `stage ${id}`)) return undefined;
  const fields = shape.fields(written, `stage ${id}`, STAGE);
  if (!fields.has('uses')) {
    shape.problems.add({
      code: 'missing-key',
      message: `stage ${id} does not say what it uses`,
      expected: 'uses: <kind>',
      location: written.location,
      atKey: true,
    });
  }
  shape.text(fields.get('description'), 'description');
  const params = shape.mapping(fields.get('with'), 'with');
  return {
    id,
    location: written.location,
    uses: readUses(fields.get('uses'), kinds, shape),
    with: params ? entriesOf(params) : new Map(),
    matrix: readMatrix(fields.get('matrix'), fields.get('seeds'), shape),
    search: readSearch(fields.get('search'), `search of stage ${id}`, shape),
    resources: shape.fields(fields.get('resources'), 'resources', RESOURCES),
    retry: fields.get('retry'),
    timeout: fields.get('timeout'),
    slurm: readSlurmSettings(fields.get('slurm'), shape),
    swept: new Map(),
  };
}

function readStages(top: LocatedMap, kinds: KindNames, shape: Shape): ReadonlyMap<string, StageSpec> {
  const stages = new Map<string, StageSpec>();
  for (const [id, written] of shape.named(top.get('stages'), 'stages')) {
    const stage = readStage(id, written, kinds, shape);
    if (stage) stages.set(id, stage);
  }
  const written = top.get('stages');
  if (!written || written.value === null || Object.keys(written.value).length === 0) {
    shape.problems.add({
      code: 'no-stages',
      message: 'the pipeline has no stages',
      expected: 'stages: with at least one stage',
      location: written?.location ?? { path: [] },
      atKey: true,
    });
  }
  return stages;
}

/**
 * Checks the structure of a pipeline file: known keys, right shapes, usable names. What is wrong is noted and left out.
 *
 * @param document - the file's name and values
 * @param kinds - names and synonyms of the registered stage kinds
 * @param problems - takes what is wrong
 * @returns the pipeline as far as it has the right shape
 */
export function checkStructure(
  document: Pick<PipelineDocument, 'file' | 'root'>,
  kinds: KindNames,
  problems: Problems,
): PipelineSpec {
  const shape = new Shape(problems);
  const top = shape.fields({ value: document.root, location: { path: [] } }, 'a pipeline', TOP);
  readLimits(top, shape);
  const tables = [...shape.named(top.get('tables'), 'tables')].map(([name, table]) => readTable(name, table, shape));
  const plots = [...shape.named(top.get('plots'), 'plots')].map(([name, plot]) => readPlot(name, plot, shape));
  return {
    name: readName(top, document.file, shape),
    description: shape.text(top.get('description'), 'description')?.value ?? '',
    params: shape.named(top.get('params'), 'params'),
    env: readEnv(top, shape),
    defaults: readDefaults(top, kinds, shape),
    stages: readStages(top, kinds, shape),
    ...readSubmission(top, shape),
    plugins: shape.texts(top.get('plugins'), 'plugins'),
    tables: tables.filter((table) => table !== undefined),
    plots: plots.filter((plot) => plot !== undefined),
    swept: new Map(),
  };
}
