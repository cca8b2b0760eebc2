import { withNameAdvice } from '../../util/text.ts';
import { compileSearch, type SearchTemplate } from './search.ts';
import { compileMatrix, type AxisReader, type MatrixTemplate } from './axes.ts';
import { compile, constant, type Template } from './interpolate.ts';
import { compileLimits, type LimitsTemplate } from './limits.ts';
import type { AxisScope } from './names.ts';
import { without } from '../read/override-stage.ts';
import type { KindParameters } from '../check/parameters.ts';
import { inside, type SourceLocation } from '../source/location.ts';
import type { MatrixSpec, PipelineSpec, SearchSpec, StageSpec, LocatedMap } from '../read/spec.ts';
import { StageNames, type CellScope, type NameContext } from './stage-names.ts';
import { lengthOf } from './rungs.ts';
import { missingParameter, placeProblem, unknownParameter } from '../check/stage-problems.ts';

/** A parameter as written, compiled. */
export interface ParameterTemplate {
  readonly location: SourceLocation;
  /** Undefined when it is wrong whatever the cell: that has been noted. */
  readonly template: Template<CellScope> | undefined;
}

/** A stage, compiled: everything that does not depend on other stages' cells has been checked. */
export interface StageTemplate {
  readonly spec: StageSpec;
  /** Undefined for an unknown kind. */
  readonly parameters: KindParameters | undefined;
  /** Parameters of `with`. */
  readonly given: ReadonlyMap<string, ParameterTemplate>;
  /** Parameters of the kind's `defaults`. */
  readonly defaults: ReadonlyMap<string, ParameterTemplate>;
  readonly matrix: MatrixTemplate<AxisScope> | undefined;
  readonly search: SearchTemplate<AxisScope> | undefined;
  readonly limits: LimitsTemplate<CellScope>;
  readonly names: StageNames;
  /** Axes that a cell may have, with their places. */
  readonly axisSites: ReadonlyMap<string, SourceLocation>;
  /** False when something is wrong whatever the cell. */
  readonly healthy: boolean;
}

/** What stages are compiled with. */
export interface StageContext extends NameContext {
  readonly defaults: PipelineSpec['defaults'];
  readonly parametersOf: (kind: string) => KindParameters | undefined;
}

const axisName = (key: string): string => (key === 'seeds' ? 'seed' : key);

/** Every name that can be an axis of the stage. */
function axisSites(
  { matrix, search, swept }: StageSpec,
  length: string | undefined,
): ReadonlyMap<string, SourceLocation> {
  const locations = new Map<string, SourceLocation>();
  for (const [name, { location }] of search?.parameters ?? []) locations.set(name, location);
  const rungs = search?.fields.get('rungs');
  if (rungs && length !== undefined) locations.set(length, rungs.location);
  for (const [key, { location }] of [...(matrix?.axes ?? []), ...(matrix?.zip ?? [])])
    locations.set(axisName(key), location);
  for (const { value, location } of matrix?.include ?? []) {
    for (const key of Object.keys(value))
      if (!key.includes('.') && !locations.has(key)) locations.set(key, inside(location, key));
  }
  for (const [name, { location }] of swept) locations.set(name, location);
  return locations;
}

function parametersOf({ uses, id }: StageSpec, context: StageContext): KindParameters | undefined {
  const parameters = uses && context.parametersOf(uses.value);
  if (uses && !parameters) {
    const message = `stage ${id} uses ${JSON.stringify(uses.value)}, which is not a kind of stage`;
    const problem = { code: 'unknown-kind', message, location: uses.location };
    context.problems.add(withNameAdvice(problem, uses.value, context.world.kindNames));
  }
  return parameters;
}

/** Keys of exclude must be axes of the matrix itself: what include adds is not there yet. */
function checkExclude({ axes, zip, exclude }: MatrixSpec, { problems }: StageContext): void {
  const known = [...axes.keys(), ...zip.keys()].map(axisName);
  for (const { value, location } of exclude) {
    for (const key of Object.keys(value)) {
      if (known.includes(key.split('.')[0] ?? '')) continue;
      const message = `the matrix has no axis ${JSON.stringify(key)}`;
      const problem = { code: 'unknown-axis', message, location: inside(location, key), atKey: true };
      problems.add(withNameAdvice(problem, key, known));
    }
  }
}

/** A search that stops trials needs a kind whose results go on from shorter ones; what it samples is no axis of the matrix. */
function checkSearched(
  { id, matrix }: StageSpec,
  { fields, parameters: sampled }: SearchSpec,
  parameters: KindParameters | undefined,
  problems: StageContext['problems'],
): void {
  const rungs = fields.get('rungs');
  if (rungs && parameters && !parameters.kind.growth)
    problems.add({
      code: 'bad-search',
      message: `stage ${id} is of kind ${parameters.kind.name}, whose results have no length: there are no rungs to stop at`,
      expected: 'a stage that trains, or method: random or sobol',
      location: rungs.location,
      atKey: true,
    });
  const axes = new Map(
    [...(matrix?.axes ?? []), ...(matrix?.zip ?? [])].map(([key, { location }]) => [axisName(key), location]),
  );
  const length = rungs && lengthOf(parameters?.kind);
  for (const name of [...sampled.keys(), ...(length === undefined ? [] : [length])]) {
    const also = axes.get(name);
    const location = sampled.get(name)?.location ?? rungs?.location;
    if (!also || !location) continue;
    const message = `${name} is an axis of the matrix, and of the search`;
    problems.add({ code: 'bad-search', message, expected: 'one of them', location, atKey: true, also });
  }
}

/** Compiles parameters; what is the same in every cell is checked here, once. */
function compileParameters(
  written: LocatedMap,
  names: StageNames,
  parameters: KindParameters | undefined,
  { world, problems }: StageContext,
): ReadonlyMap<string, ParameterTemplate> {
  const compiled = new Map<string, ParameterTemplate>();
  for (const [name, { value, location: writtenAt }] of written) {
    const template = compile(value, writtenAt, names.inCell);
    const location = (template?.constant ? template.origin : undefined) ?? writtenAt;
    if (!template?.constant || !parameters?.has(name)) {
      compiled.set(name, { location, template });
      continue;
    }
    const checked = parameters.check(name, template.value, world, template.variables);
    if ('problems' in checked)
      for (const problem of checked.problems) problems.add(placeProblem(problem, name, location));
    compiled.set(name, { location, template: 'value' in checked ? constant(checked.value) : undefined });
  }
  return compiled;
}

/**
 * Compiles a stage and checks whatever is the same in all its cells.
 *
 * @param spec - the stage as written
 * @param context - the pipeline around it
 * @returns the compiled stage
 */
export function compileStage(spec: StageSpec, context: StageContext): StageTemplate {
  const { problems } = context;
  const before = problems.noted;
  const parameters = parametersOf(spec, context);
  const locations = axisSites(spec, lengthOf(parameters?.kind));
  const axes = new Set(locations.keys());
  const names = new StageNames(spec.id, axes, context);
  if (spec.matrix) checkExclude(spec.matrix, context);
  const given = compileParameters(spec.with, names, parameters, context);
  const ofKind = context.defaults.get(spec.uses?.value ?? '')?.params ?? new Map<string, never>();
  const winning = without(ofKind, ...spec.with.keys());
  const defaults = compileParameters(winning, names, parameters, context);
  // A default that the stage overrides is checked too, but the stage needs nothing of what it refers to.
  compileParameters(without(ofKind, ...winning.keys()), new StageNames(spec.id, axes, context), parameters, context);
  for (const [name, { location }] of parameters ? spec.with : []) {
    if (parameters?.has(name) === false) problems.add(unknownParameter(name, parameters, location));
  }
  for (const name of parameters?.kind.required ?? []) {
    if (!parameters || given.has(name) || defaults.has(name) || locations.has(name)) continue;
    if (parameters.schemaOf(name).default === undefined) problems.add(missingParameter(name, parameters, spec));
  }
  const meant: AxisReader = (name, value, variables) =>
    parameters === undefined ? value : parameters.meant(name.split('.').at(-1) ?? name, value, variables);
  const matrix = spec.matrix && compileMatrix(spec.matrix, { ...names.inMatrix, meant });
  const isWhole = (name: string): boolean => parameters?.schemaOf(name).type === 'integer';
  const search = spec.search && compileSearch(spec.search, { ...names.inMatrix, meant, isWhole });
  if (spec.search) checkSearched(spec, spec.search, parameters, problems);
  const limits = compileLimits(spec, names.inLimits);
  const healthy = parameters !== undefined && problems.noted === before;
  return { spec, parameters, given, defaults, matrix, search, limits, names, axisSites: locations, healthy };
}
