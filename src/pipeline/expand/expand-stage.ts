import type { Cell, ValueObject } from '../../core/plan.ts';
import { axisOrder, axisText, cellId, referencesIn } from '../../cells/cell-id.ts';
import { parentsOf, type PlannedCell } from '../../cells/carry.ts';
import type { Catalogue } from '../../stages/catalogue.ts';
import { StageParameters, type ParameterContext } from './cell-parameters.ts';
import { combinationsOf } from './combinations.ts';
import { checkRules } from '../check/kind-rules.ts';
import type { AxisValue, Combination } from './matrix.ts';
import { searchesOf, type CombinedCell } from './rungs.ts';
import { StageCells } from '../planned/stage-cells.ts';
import type { PipelineSpec } from '../read/spec.ts';
import type { CellScope } from './stage-names.ts';
import { sizeOf } from '../source/value-size.ts';
import type { StageTemplate } from './stage-template.ts';

/** What stages are expanded with. */
export interface ExpandContext extends ParameterContext {
  readonly swept: PipelineSpec['swept'];
  readonly catalogue: Catalogue;
}

/** Names and texts of a stage's axes. */
class Axes {
  readonly names: readonly string[];
  readonly #holdsCells: ReadonlySet<string>;

  constructor(combinations: readonly Combination[]) {
    const holdsCells = new Set<string>();
    const names = new Set<string>();
    for (const combination of combinations) {
      for (const [name, { value }] of combination) {
        names.add(name);
        if (typeof value === 'object' && referencesIn(value).length > 0) holdsCells.add(name);
      }
    }
    this.names = axisOrder(names, holdsCells);
    this.#holdsCells = holdsCells;
  }

  /** `axis=value`. */
  text(name: string, { value, token }: AxisValue): string {
    return `${name}=${typeof value === 'string' ? axisText(value, this.#holdsCells.has(name)) : token}`;
  }
}

const noAxes: ValueObject = Object.freeze({});

/** Turns the combinations of one stage into cells. */
class StageExpansion {
  readonly #stage: StageTemplate;
  readonly #context: ExpandContext;
  readonly #parameters: StageParameters;
  readonly #axes: Axes;
  readonly #combinations = new Map<string, Combination>();
  readonly #joined = new Set<string>();
  readonly #cells: PlannedCell[] = [];
  readonly #combined: CombinedCell[] = [];
  #complete = true;
  #resolved = true;

  constructor(stage: StageTemplate, combinations: readonly Combination[], context: ExpandContext) {
    this.#stage = stage;
    this.#context = context;
    this.#parameters = new StageParameters(stage, context);
    this.#axes = new Axes(combinations);
    for (const combination of combinations) this.#add(combination);
  }

  finish(before: number): StageCells {
    this.#checkUnusedAxes();
    const { searches, follows } = this.#searched();
    const healthy = this.#stage.healthy && this.#complete && this.#context.problems.noted === before;
    const cells = this.#cells.map((planned) => {
      const after = follows.get(planned.cell.id);
      return after ? { ...planned, cell: { ...planned.cell, follows: after } } : planned;
    });
    return new StageCells(follows.size > 0 ? cells : this.#cells, healthy, searches);
  }

  #searched(): ReturnType<typeof searchesOf> {
    const { search: template, parameters, spec } = this.#stage;
    if (!template || !parameters || !spec.search || !this.#complete) return { searches: [], follows: new Map() };
    const { problems } = this.#context;
    return searchesOf(this.#combined, { kind: parameters.kind, spec: spec.search, template, problems });
  }

  #add(combination: Combination): void {
    const { id: stage, uses } = this.#stage.spec;
    const texts: string[] = [];
    const axes: Record<string, AxisValue['value']> = {};
    for (const name of this.#axes.names) {
      const value = combination.get(name);
      if (!value) continue;
      axes[name] = value.value;
      texts.push(this.#axes.text(name, value));
    }
    const { budget } = this.#context.problems;
    const { location } = this.#stage.spec;
    budget.spend('nodes', this.#axes.names.length, location);
    budget.spend(
      'characters',
      texts.reduce((sum, text) => sum + text.length + 1, stage.length),
      location,
    );
    const id = cellId(stage, texts);
    if (this.#collides(id, combination)) return;
    const own = texts.length === 0 ? noAxes : axes;
    const parents = parentsOf(own, this.#context.world.find);
    const shownId = texts.length === 0 ? undefined : id;
    const scope: CellScope = { id: shownId, values: combination, axes: own, parents, joined: this.#joined };
    const { params, needs, complete, resolved } = this.#parameters.of(scope);
    budget.spend('characters', sizeOf(params).characters, location);
    const { resources, retry, timeout } = this.#stage.limits(scope);
    const plugins = this.#stage.parameters?.pluginsOf(params);
    const cell: Cell = {
      ...{ id, stage, kind: uses?.value ?? '', axes: own, params, needs, resources, retry, timeout },
      ...(plugins && { plugins }),
    };
    this.#cells.push({ cell, axes: own, parents });
    if (this.#stage.search) this.#combined.push({ cell, combination });
    this.#complete &&= complete;
    this.#resolved &&= resolved;
    const { parameters, healthy } = this.#stage;
    if (!parameters || !complete || !healthy) return;
    const locationOf = (param: string) => this.#parameters.locationOf(param, scope);
    const ready = { cell, id: shownId, locationOf, stageLocation: this.#stage.spec.location };
    checkRules(ready, parameters.kind, this.#context);
  }

  /** Two equal cells are a slip, except where a sweep makes some of the written ones equal. */
  #collides(id: string, combination: Combination): boolean {
    const other = this.#combinations.get(id);
    this.#combinations.set(id, other ?? combination);
    if (!other) return false;
    const { spec, names } = this.#stage;
    if (spec.swept.size > 0 || names.sweeps.size > 0) return true;
    const differing = [...combination].find(([name, value]) => other.get(name)?.location !== value.location);
    const [name = '', value] = differing ?? [];
    const location = value?.location ?? spec.matrix?.location ?? spec.location;
    const first = other.get(name)?.location;
    const problem = {
      code: 'duplicate-cell',
      message: 'another entry makes the same combination',
      location,
    };
    const advice = { expected: 'every combination once', fix: 'remove one of the two' };
    this.#context.problems.add({ ...problem, ...advice, ...(first ? { also: first } : {}) }, id);
    return true;
  }

  /** An axis that changes nothing would run the same thing several times under several names. */
  #checkUnusedAxes(): void {
    const { parameters, given, names, axisSites, spec } = this.#stage;
    if (!parameters || !this.#resolved) return;
    for (const name of this.#axes.names) {
      const isPassed = parameters.has(name) && !given.has(name);
      if (isPassed || names.reads.has(name) || names.sweeps.has(name) || this.#joined.has(name)) continue;
      const isShadowed = parameters.has(name);
      this.#context.problems.add({
        code: 'unused-axis',
        message: `axis ${name} of stage ${spec.id} changes nothing${isShadowed ? `: with gives ${name} another value` : ''}`,
        expected: `a parameter of ${parameters.kind.name}, or a use as \${matrix.${name}}`,
        fix: isShadowed ? `remove ${name} from with` : `remove it, or use \${matrix.${name}} in with`,
        location: axisSites.get(name) ?? spec.location,
        atKey: true,
      });
    }
  }
}

/**
 * Works out the cells of a stage whose needed stages are planned.
 *
 * @param stage - the compiled stage
 * @param context - the pipeline around it
 * @returns its cells; undefined when its matrix cannot be worked out
 */
export function expandStage(stage: StageTemplate, context: ExpandContext): StageCells | undefined {
  const before = context.problems.noted;
  const combinations = combinationsOf(stage, context);
  return combinations && new StageExpansion(stage, combinations, context).finish(before);
}
