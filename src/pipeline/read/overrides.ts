import { isList, type Json } from '../../core/json.ts';
import { describeValue } from '../source/describe-value.ts';
import { keysTo, valueAt, withValueAt } from '../source/nested.ts';
import { overrideAdvice, SECTIONS } from './override-names.ts';
import { axisValuesOf, interpretOverride, readOverride, locatedValue, type Override } from './override-text.ts';
import { checkReplaced, distinctValues } from './override-repeats.ts';
import { includesAxis, listsAxis, replaceAxis, sweepStage, without } from './override-stage.ts';
import type { Problems } from '../source/problems.ts';
import type { Located } from '../source/location.ts';
import type { PipelineSpec, StageSpec } from './spec.ts';

/** What is known of a kind's parameters. */
interface KnownParameters {
  readonly names: readonly string[];
  has(name: string): boolean;
  /** True when a list is a value of the parameter, not a sweep. */
  takesList(name: string): boolean;
}

/** What overrides are understood with. */
export interface OverrideContext {
  readonly problems: Problems;
  readonly parametersOf: (kind: string) => KnownParameters | undefined;
}

const isAxis = (stage: StageSpec, name: string): boolean =>
  listsAxis(stage, name) || includesAxis(stage, name) || stage.swept.has(name);

const isExpression = ({ value }: Located): boolean => typeof value === 'string' && value.includes('${');

/** Applies overrides one after another to a pipeline. */
class OverrideApplier {
  #spec: PipelineSpec;
  readonly #context: OverrideContext;

  constructor(spec: PipelineSpec, context: OverrideContext) {
    this.#spec = spec;
    this.#context = context;
  }

  get result(): PipelineSpec {
    return this.#spec;
  }

  apply(override: Override): void {
    const names = override.key.split('.');
    const [head = '', ...rest] = names;
    const { stages, params } = this.#spec;
    const stage = stages.get(head);
    const isOfStage = stage !== undefined && (SECTIONS.has(rest[0] ?? '') || !params.has(head));
    if (head === 'params' && rest.length > 0) this.#param(rest, override);
    else if (stage && rest.length > 0 && isOfStage) this.#inStage(stage, rest, override);
    else this.#bare(names, override);
  }

  /** A bare name: a param, or an axis or parameter of every stage that has it; or a key inside one. */
  #bare([name = '', ...keys]: readonly string[], override: Override): void {
    if (this.#spec.params.has(name)) {
      this.#param([name, ...keys], override);
      return;
    }
    const isWhole = keys.length === 0;
    const having = [...this.#spec.stages.values()].filter((stage) => {
      const written = this.#written(stage, name);
      if (isWhole) return isAxis(stage, name) || written !== undefined;
      return written !== undefined && keysTo(written.value, keys) !== undefined;
    });
    for (const stage of having) {
      if (isWhole && (isAxis(stage, name) || name === 'seeds')) this.#axis(stage, name, override);
      else this.#parameter(stage, [name, ...keys], override);
    }
    if (having.length === 0) this.#unknown(override);
  }

  /** A parameter as `with` or the kind's defaults give it. */
  #written(stage: StageSpec, name: string): Located | undefined {
    return stage.with.get(name) ?? this.#spec.defaults.get(stage.uses?.value ?? '')?.params.get(name);
  }

  #param([name = '', ...names]: readonly string[], override: Override): void {
    const { params, swept } = this.#spec;
    const now = params.get(name);
    const keys = keysTo(now?.value, names);
    if (!now || !keys) {
      if (now && isExpression(now)) this.#closed(`params.${name}`, now, override);
      else this.#unknown(override);
      return;
    }
    const meant = this.#meant(override, isList(valueAt(now.value, keys)));
    const { location } = override;
    const before = keys.length > 0 ? swept.get(name)?.values : undefined;
    if ('sweep' in meant || before) {
      const items = 'sweep' in meant ? meant.sweep : [meant.value];
      const values = (before ?? [now.value]).flatMap((base) => items.map((item) => withValueAt(base, keys, item)));
      this.#spec = { ...this.#spec, swept: new Map(swept).set(name, { values, location }) };
    } else {
      const changed = new Map(params).set(name, { value: withValueAt(now.value, keys, meant.value), location });
      this.#spec = { ...this.#spec, params: changed, swept: without(swept, name) };
    }
  }

  /** One value, or several that differ. */
  #meant(override: Override, takesList: boolean): ReturnType<typeof interpretOverride> {
    const meant = interpretOverride(override, takesList);
    return 'sweep' in meant ? { sweep: distinctValues(meant.sweep, override, this.#context.problems) } : meant;
  }

  #inStage(stage: StageSpec, [section = '', name, ...rest]: readonly string[], override: Override): void {
    if (section === 'seeds' && name === undefined) this.#axis(stage, 'seeds', override);
    else if (section === 'with' && name !== undefined) this.#parameter(stage, [name, ...rest], override);
    else if (section === 'matrix' && name !== undefined && rest.length === 0) this.#axis(stage, name, override);
    else this.#unknown(override);
  }

  #parameter(stage: StageSpec, [name = '', ...names]: readonly string[], override: Override): void {
    const parameters = this.#context.parametersOf(stage.uses?.value ?? '');
    if (parameters?.has(name) === false) {
      this.#unknown(override);
      return;
    }
    const now = this.#written(stage, name);
    if (now && names.length > 0 && isExpression(now)) {
      this.#closed(`${name} of ${stage.id}`, now, override);
      return;
    }
    const { location } = override;
    // A key that is not written yet is checked with the value, by the parameter's schema.
    const keys = keysTo(now?.value, names) ?? names;
    const written = now && valueAt(now.value, keys);
    const isListed = written === undefined ? parameters?.takesList(name) === true : isList(written);
    const meant = this.#meant(override, isListed && (written !== undefined || keys.length === 0));
    const whole = (item: Json): Json => withValueAt(now?.value ?? null, keys, item);
    if ('sweep' in meant) this.#set(sweepStage(stage, name, { values: meant.sweep.map(whole), location }));
    else this.#set({ ...stage, with: new Map(stage.with).set(name, { value: whole(meant.value), location }) });
  }

  #axis(stage: StageSpec, axis: string, override: Override): void {
    const { problems } = this.#context;
    const values = { values: distinctValues(axisValuesOf(override), override, problems), location: override.location };
    if (axis === 'seeds') this.#set(replaceAxis(stage, axis, locatedValue(override)));
    else if (listsAxis(stage, axis))
      this.#set(replaceAxis(stage, axis, { value: values.values, location: values.location }));
    else if (isAxis(stage, axis)) this.#set(sweepStage(stage, axis, values));
    else this.#unknown(override);
  }

  #set(stage: StageSpec): void {
    this.#spec = { ...this.#spec, stages: new Map(this.#spec.stages).set(stage.id, stage) };
  }

  #unknown({ key, location }: Override): void {
    const fix = overrideAdvice(key, this.#spec, (kind) => this.#context.parametersOf(kind)?.names ?? []);
    this.#context.problems.add({
      code: 'unknown-override',
      message: `there is nothing called ${JSON.stringify(key)} to override`,
      expected: 'a param, stage.with.parameter, stage.matrix.axis or stage.seeds',
      ...(fix === undefined ? {} : { fix }),
      location,
      within: key,
    });
  }

  /** What is given by an expression has no keys yet. */
  #closed(what: string, { value }: Located, { key, location }: Override): void {
    this.#context.problems.add({
      code: 'unknown-override',
      message: `there is nothing called ${JSON.stringify(key)} to override: ${what} is ${describeValue(value)}`,
      expected: 'a mapping that is written out',
      fix: 'override what it stands for, or the whole of it: -S name={key: value}',
      location,
      within: key,
    });
  }
}

/**
 * Applies the overrides of the command line (`-S key=value`). A list for what holds no list sweeps: it becomes an axis.
 *
 * @param spec - the pipeline as written
 * @param overrides - texts `key=value` in the order in which they were given; a later one of the same key wins
 * @param context - what takes problems and knows the kinds' parameters
 * @returns the pipeline with overrides; values keep the override as their place
 */
export function applyOverrides(
  spec: PipelineSpec,
  overrides: readonly string[],
  context: OverrideContext,
): PipelineSpec {
  const overriding = new OverrideApplier(spec, context);
  const read = overrides
    .map((text) => readOverride(text, context.problems))
    .filter((override) => override !== undefined);
  checkReplaced(read, context.problems);
  for (const override of read) overriding.apply(override);
  return overriding.result;
}
