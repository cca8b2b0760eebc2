import type { Meaning } from '../cells/meaning.ts';
import { isJsonObject } from '../core/json.ts';
import type { Cell, Plan } from '../core/plan.ts';
import type { Result } from '../core/result.ts';
import { ownValue } from '../core/own.ts';
import { isSecretName } from '../core/secrets.ts';
import { FactorIndex } from '../cells/factors.ts';
import { findCycles } from '../graph/cycles.ts';
import { topologicalOrder } from '../graph/sort.ts';
import type { Catalogue } from '../stages/catalogue.ts';
import { kindNamesOf } from '../stages/kind-names.ts';
import type { StageKind } from '../stages/stage-kind.ts';
import { checkStructure } from './read/structure.ts';
import { expandStage, type ExpandContext } from './expand/expand-stage.ts';
import { Names, type Environment } from './expand/names.ts';
import { NeededCells } from './expand/needs.ts';
import { applyOverrides } from './read/overrides.ts';
import { KindParameters } from './check/parameters.ts';
import { PlanningEnds } from './source/budget.ts';
import { Problems } from './source/problems.ts';
import { readPipeline, type PipelineDocument, type Source } from './read/read-pipeline.ts';
import type { PipelineSpec } from './read/spec.ts';
import { unknownParameter } from './check/stage-problems.ts';
import { compileStage, type StageTemplate } from './expand/stage-template.ts';
import { planPlot } from './tables/plan-plot.ts';
import { resolvePlot, resolveTable } from './tables/table-texts.ts';
import { planTable } from './tables/plan-table.ts';
import { PlannedStages } from './planned/planned-stages.ts';
import { judge, type Attempt, type Planned } from './verdict.ts';

/** What a plan depends on besides the file. */
export interface PlanOptions {
  readonly env: Environment;
  /** Texts `key=value` of `-S`. */
  readonly overrides: readonly string[];
  readonly kinds: Readonly<Record<string, StageKind>>;
  readonly catalogue: Catalogue;
  /** Files of the plugins whose names are in it. */
  readonly plugins?: readonly string[];
}

/** Parameters of kinds by catalogue: validators are compiled once a process. */
const known = new WeakMap<Catalogue, WeakMap<StageKind, KindParameters>>();

function parametersOf(kind: StageKind, catalogue: Catalogue): KindParameters {
  const ofCatalogue = known.get(catalogue) ?? new WeakMap<StageKind, KindParameters>();
  known.set(catalogue, ofCatalogue);
  const parameters = ofCatalogue.get(kind) ?? new KindParameters(kind, catalogue);
  ofCatalogue.set(kind, parameters);
  return parameters;
}

/** Notes stages that need each other. */
function checkCycles(stages: ReadonlyMap<string, StageTemplate>, problems: Problems): ReadonlySet<string> {
  const cyclic = new Set<string>();
  for (const cycle of findCycles(stages.keys(), (id) => stages.get(id)?.names.needs.keys() ?? [])) {
    const [first = '', second = ''] = cycle;
    const stage = stages.get(first);
    cycle.forEach((id) => cyclic.add(id));
    problems.add({
      code: 'cycle',
      message: `stages need each other in a circle: ${cycle.join(' → ')}`,
      expected: 'stages that need only earlier ones',
      location: stage?.names.needs.get(second) ?? stage?.spec.location ?? { path: [] },
    });
  }
  return cyclic;
}

/** Names in `defaults` must be parameters of the kind, whether a stage uses it or not. */
function checkDefaults({ defaults }: PipelineSpec, context: ExpandContext): void {
  for (const [kind, { params }] of defaults) {
    const parameters = context.parametersOf(kind);
    if (!parameters) continue;
    for (const [name, { location }] of params) {
      if (!parameters.has(name)) context.problems.add(unknownParameter(name, parameters, location));
    }
  }
}

/** A sweep of a param that no stage uses would do nothing. */
function checkSweeps({ swept }: PipelineSpec, stages: ReadonlyMap<string, StageTemplate>, problems: Problems): void {
  for (const [name, { location }] of swept) {
    if ([...stages.values()].some((stage) => stage.names.sweeps.has(name))) continue;
    problems.add({
      code: 'unused-sweep',
      message: `no stage uses params.${name}: sweeping it would do nothing`,
      expected: 'a param that a stage uses',
      location,
    });
  }
}

/** Works out all cells, stage by stage. */
function expandAll(spec: PipelineSpec, context: ExpandContext): readonly string[] {
  const { problems, world } = context;
  const stages = new Map([...spec.stages].map(([id, stage]) => [id, compileStage(stage, context)]));
  const cyclic = checkCycles(stages, problems);
  checkDefaults(spec, context);
  checkSweeps(spec, stages, problems);
  const order = topologicalOrder(stages.keys(), (id) => stages.get(id)?.names.needs.keys() ?? []);
  for (const id of order) {
    const stage = stages.get(id);
    const cells = stage && !cyclic.has(id) ? expandStage(stage, context) : undefined;
    if (cells) world.add(id, cells);
  }
  return order;
}

/**
 * Says what values mean to the kinds of a pipeline whose parameter has the last key of a name: `student.kd_method`. Where only
 * commands have the axis, its values are theirs.
 *
 * @param used - names of the kinds that the pipeline uses
 * @param registered - all kinds, and the catalogue of ml names
 * @returns the meaning
 */
export function meaningOf(used: Iterable<string>, registered: Pick<PlanOptions, 'kinds' | 'catalogue'>): Meaning {
  const { kinds, catalogue } = registered;
  const parameters = [...new Set(used)].flatMap((name) => {
    const kind = ownValue(kinds, name);
    return kind ? [parametersOf(kind, catalogue)] : [];
  });
  return (name, value) => {
    const key = name.split('.').at(-1) ?? name;
    return parameters.reduce((read, kind) => kind.meant(key, read), value);
  };
}

/** Plans a file as far as it can be, whatever is wrong; what has no end is not gone on with. */
function attempt(document: PipelineDocument, options: PlanOptions): Attempt {
  const problems = new Problems();
  try {
    return { plan: planAll(document, options, problems), problems };
  } catch (error) {
    if (!(error instanceof PlanningEnds)) throw error;
    problems.end(error);
    const { file } = document;
    return { plan: { name: '', description: '', file, params: {}, cells: [], tables: [], plots: [] }, problems };
  }
}

/** Values of variables that cells give to their programs, and that are named as secrets are. */
function secretsIn(cells: readonly Cell[]): readonly string[] {
  return cells.flatMap(({ params: { env } }) =>
    isJsonObject(env)
      ? Object.entries(env).flatMap(([name, value]) => (isSecretName(name) && typeof value === 'string' ? [value] : []))
      : [],
  );
}

/** Where a pipeline runs, how it is submitted, and what follows a run; nothing of what it does not say. */
function submissionOf(spec: PipelineSpec): Pick<Plan, 'executor' | 'slurm' | 'command' | 'onFinish' | 'sinks'> {
  const { executor, slurm: all, command, onFinish, sinks, stages } = spec;
  const own = [...stages].filter(([, { slurm }]) => Object.keys(slurm).length > 0);
  const says = own.length > 0 || Object.keys(all).length > 0;
  const slurm = { all, stages: Object.fromEntries(own.map(([id, stage]) => [id, stage.slurm])) };
  return {
    ...(executor && { executor }),
    ...(says && { slurm }),
    ...(command && { command }),
    ...(onFinish !== undefined && { onFinish }),
    ...(sinks.length > 0 && { sinks }),
  };
}

/** Says of a search that stops trials that `kdpipe run` will refuse it where all cells are submitted at once. */
function noteCluster(problems: Problems): void {
  problems.add({
    code: 'search-on-cluster',
    message: 'this search stops trials, and cannot be submitted to Slurm: kdpipe run refuses it there',
    fix: 'run with --executor local or command, or search by random or sobol',
    location: { path: ['executor'] },
    note: true,
  });
}

/** Plans a file; what is wrong is noted and left out. */
function planAll(document: PipelineDocument, options: PlanOptions, problems: Problems): Plan {
  const { kinds, catalogue, env, overrides, plugins = [] } = options;
  const world = new PlannedStages(kinds);
  const ofKind = (name: string): KindParameters | undefined => {
    const kind = world.kind(name);
    return kind && parametersOf(kind, catalogue);
  };
  const structure = checkStructure(document, kindNamesOf(kinds), problems);
  const spec = applyOverrides(structure, overrides, { problems, parametersOf: ofKind });
  const names = new Names(spec, env, problems);
  const params = names.values();
  const { stages, defaults, swept } = spec;
  const used = [...stages.values()].flatMap(({ uses }) => (uses ? [uses.value] : []));
  const meant = meaningOf(used, options);
  const context = { meant, names, world, problems, stages, defaults, swept, catalogue, parametersOf: ofKind };
  const needed = new NeededCells(context);
  const stageOrder = expandAll(spec, { ...context, needed });
  const axes = new Set([...swept.keys(), ...[...stages.values()].flatMap((stage) => [...stage.swept.keys()])]);
  const factors = new FactorIndex(world.index);
  const shown = { world, problems, stages: stageOrder, swept: axes, factors, meant };
  const tables = spec.tables
    .map((table) => resolveTable(table, names, problems))
    .flatMap((table) => (table ? [planTable(table, shown)] : []));
  const plots = spec.plots
    .map((plot) => resolvePlot(plot, names, problems))
    .flatMap((plot) => (plot ? [planPlot(plot, shown)] : []));
  const written = stageOrder.flatMap((id) => (world.stage(id)?.cells ?? []).map(({ cell }) => cell));
  const cells = [...needed.cells, ...written];
  const searches = stageOrder.flatMap((id) => world.stage(id)?.searches ?? []);
  if (searches.length > 0 && spec.executor === 'slurm') noteCluster(problems);
  const { name, description } = spec;
  const secrets = [...new Set([...names.secrets, ...secretsIn(cells)])];
  const own = { ...(plugins.length > 0 && { plugins }), ...(secrets.length > 0 && { secrets }) };
  const searched = searches.length > 0 && { searches };
  const shows = { params, cells, tables, plots, ...searched };
  return { name, description, file: document.file, ...shows, ...submissionOf(spec), ...own };
}

/**
 * Plans a pipeline: text, overrides and environment become a typed DAG. Pure: equal arguments give an equal plan, and
 * the order of keys in the file changes neither cells nor their order.
 *
 * @param source - the pipeline file's name and text
 * @param options - environment, overrides, registered kinds and the catalogue of ml names
 * @returns the plan and what is to be said of it, or every problem of the file in the order of their places
 */
export function planPipeline(source: Source, options: PlanOptions): Result<Planned> {
  const document = readPipeline(source);
  if (!document.ok) return document;
  const own = (): Problems => attempt(document.value, { ...options, overrides: [] }).problems;
  return judge(attempt(document.value, options), options.overrides, own, document.value.locate);
}
