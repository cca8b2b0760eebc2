import { withNameAdvice } from '../../util/text.ts';
import { axisValuesOf, interpretOverride, readOverride, locatedValue, type Override } from './override-text.ts';
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

/** What a bare name can mean in a stage. */
const namesIn = ({ with: given, matrix }: StageSpec): readonly string[] => [
  ...given.keys(),
  ...(matrix?.axes.keys() ?? []),
  ...(matrix?.zip.keys() ?? []),
  ...(matrix?.include ?? []).flatMap(({ value }) => Object.keys(value)),
];

const isAxis = (stage: StageSpec, name: string): boolean =>
  listsAxis(stage, name) || includesAxis(stage, name) || stage.swept.has(name);

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
    const { key } = override;
    const [head = '', ...rest] = key.split('.');
    const stage = this.#spec.stages.get(head);
    if (rest.length === 0) this.#bare(override);
    else if (head === 'params' && rest.length === 1) this.#param(rest[0] ?? '', override);
    else if (stage) this.#inStage(stage, rest, override);
    else
      this.#unknown(
        override,
        [...this.#spec.stages.keys(), 'params'].map((name) => `${name}.${rest.join('.')}`),
      );
  }

  /** A bare name: a param, or an axis or parameter of every stage that has it. */
  #bare(override: Override): void {
    const { key } = override;
    if (this.#spec.params.has(key)) {
      this.#param(key, override);
      return;
    }
    const stages = [...this.#spec.stages.values()];
    const having = stages.filter((stage) => isAxis(stage, key) || this.#written(stage, key) !== undefined);
    for (const stage of having) {
      if (isAxis(stage, key) || key === 'seeds') this.#axis(stage, key, override);
      else this.#parameter(stage, key, override);
    }
    const defaults = [...this.#spec.defaults.values()].flatMap(({ params }) => [...params.keys()]);
    if (having.length === 0)
      this.#unknown(override, [...this.#spec.params.keys(), ...stages.flatMap(namesIn), ...defaults]);
  }

  /** A parameter as `with` or the kind's defaults give it. */
  #written(stage: StageSpec, name: string): Located | undefined {
    return stage.with.get(name) ?? this.#spec.defaults.get(stage.uses?.value ?? '')?.params.get(name);
  }

  #param(name: string, override: Override): void {
    const { params, swept } = this.#spec;
    const now = params.get(name);
    if (!now) {
      this.#unknown(
        override,
        [...params.keys()].map((param) => `params.${param}`),
      );
      return;
    }
    const meant = interpretOverride(override, Array.isArray(now.value));
    const { location } = override;
    if ('sweep' in meant)
      this.#spec = { ...this.#spec, swept: new Map(swept).set(name, { values: meant.sweep, location }) };
    else {
      const changed = new Map(params).set(name, { value: meant.value, location });
      this.#spec = { ...this.#spec, params: changed, swept: without(swept, name) };
    }
  }

  #inStage(stage: StageSpec, [section = '', name, ...rest]: readonly string[], override: Override): void {
    if (section === 'seeds' && name === undefined) this.#axis(stage, 'seeds', override);
    else if (section === 'with' && name !== undefined && rest.length === 0) this.#parameter(stage, name, override);
    else if (section === 'matrix' && name !== undefined && rest.length === 0) this.#axis(stage, name, override);
    else
      this.#unknown(
        override,
        ['with', 'matrix'].map((word) => `${stage.id}.${word}.${name ?? 'name'}`).concat(`${stage.id}.seeds`),
      );
  }

  #parameter(stage: StageSpec, name: string, override: Override): void {
    const parameters = this.#context.parametersOf(stage.uses?.value ?? '');
    if (parameters?.has(name) === false) {
      this.#unknown(
        override,
        parameters.names.map((known) => `${stage.id}.with.${known}`),
      );
      return;
    }
    const now = this.#written(stage, name);
    const { location } = override;
    const meant = interpretOverride(override, now ? Array.isArray(now.value) : parameters?.takesList(name) === true);
    if ('sweep' in meant) this.#set(sweepStage(stage, name, { values: meant.sweep, location }));
    else this.#set({ ...stage, with: new Map(stage.with).set(name, { value: meant.value, location }) });
  }

  #axis(stage: StageSpec, axis: string, override: Override): void {
    const values = { values: axisValuesOf(override), location: override.location };
    if (axis === 'seeds') this.#set(replaceAxis(stage, axis, locatedValue(override)));
    else if (listsAxis(stage, axis))
      this.#set(replaceAxis(stage, axis, { value: values.values, location: values.location }));
    else if (isAxis(stage, axis)) this.#set(sweepStage(stage, axis, values));
    else
      this.#unknown(
        override,
        namesIn(stage).map((name) => `${stage.id}.matrix.${name}`),
      );
  }

  #set(stage: StageSpec): void {
    this.#spec = { ...this.#spec, stages: new Map(this.#spec.stages).set(stage.id, stage) };
  }

  #unknown({ key, location }: Override, known: readonly string[]): void {
    const problem = {
      code: 'unknown-override',
      message: `there is nothing called ${JSON.stringify(key)} to override`,
      expected: 'a param, stage.with.parameter, stage.matrix.axis or stage.seeds',
      location,
      within: key,
    };
    this.#context.problems.add(withNameAdvice(problem, key, known));
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
  for (const text of overrides) {
    const override = readOverride(text, context.problems);
    if (override) overriding.apply(override);
  }
  return overriding.result;
}
