import { CellReference, type CellId, type Value, type ValueObject } from '../../core/plan.ts';
import { ownValue } from '../../core/own.ts';
import { referencesIn } from '../../cells/cell-id.ts';
import type { Need } from '../../stages/stage-kind.ts';
import { byCodeUnits } from '../../util/text.ts';
import type { Checked } from '../check/inputs.ts';
import type { VariableSite } from './interpolate.ts';
import type { AxisValue } from './matrix.ts';
import type { SourceLocation } from '../source/location.ts';
import type { CellScope } from './stage-names.ts';
import { missingParameter, placeProblem } from '../check/stage-problems.ts';
import type { ParameterTemplate, StageContext, StageTemplate } from './stage-template.ts';

/** Parameters of a cell with the cells that they refer to. */
export interface CellParameters {
  readonly params: ValueObject;
  /** Sorted and unique. */
  readonly needs: readonly CellId[];
  /** False when something is missing or wrong. */
  readonly complete: boolean;
  /** False when an expression could not be resolved: then it is not known which axes matter. */
  readonly resolved: boolean;
}

/** Where a parameter's value comes from, by precedence: `with`, axis, defaults, the kind's default, another cell. */
interface Slot {
  readonly name: string;
  readonly given: ParameterTemplate | undefined;
  readonly fallback: ParameterTemplate | undefined;
  readonly preset: Value | undefined;
  /** The parameter whose cell has the value. */
  readonly inherits: string | undefined;
  readonly required: boolean;
}

const noNeeds: readonly CellId[] = Object.freeze([]);

function slotsOf({ parameters, given, defaults }: StageTemplate): readonly Slot[] {
  const required = new Set(parameters?.kind.required);
  return (parameters?.names ?? [...given.keys()]).map((name) => ({
    name,
    given: given.get(name),
    fallback: defaults.get(name),
    preset: parameters?.schemaOf(name).default,
    inherits: parameters?.schemaOf(name)['x-inherits'],
    required: required.has(name),
  }));
}

/** Collects one cell's parameters. */
class Draft {
  readonly params: Record<string, Value> = {};
  readonly #needs: CellId[] = [];
  complete = true;
  resolved = true;

  /** Sets a value that may hold references. */
  set(name: string, value: Value): void {
    this.params[name] = value;
    if (typeof value === 'object') for (const { cell } of referencesIn(value)) this.#needs.push(cell);
  }

  finish(): CellParameters {
    const { params, complete, resolved } = this;
    const needs = this.#needs.length > 1 ? [...new Set(this.#needs)].sort(byCodeUnits) : this.#needs;
    return { params, needs: needs.length === 0 ? noNeeds : needs, complete, resolved };
  }
}

/** What parameters are worked out with. */
export interface ParameterContext extends StageContext {
  /** Plans the cells that parameters ask for without naming them. */
  readonly needed: { reference(need: Need, location: SourceLocation): CellReference | undefined };
}

/** Works out the parameters of a stage's cells. */
export class StageParameters {
  readonly #stage: StageTemplate;
  readonly #slots: readonly Slot[];
  readonly #context: ParameterContext;

  constructor(stage: StageTemplate, context: ParameterContext) {
    this.#stage = stage;
    this.#slots = slotsOf(stage);
    this.#context = context;
  }

  /** The parameters of one cell; what is wrong is noted and left out. */
  of(scope: CellScope): CellParameters {
    const draft = new Draft();
    for (const slot of this.#slots) this.#fill(slot, scope, draft);
    if (draft.complete) this.#addNeeded(scope, draft);
    const found = draft.finish();
    const effective = this.#stage.parameters?.kind.effective;
    return effective ? { ...found, params: effective(found.params) } : found;
  }

  /** Where a parameter's value was written; undefined when it is the kind's default. */
  locationOf(name: string, scope: CellScope): SourceLocation | undefined {
    const slot = this.#slots.find((one) => one.name === name);
    return slot?.given?.location ?? scope.values.get(name)?.location ?? slot?.fallback?.location;
  }

  /** Puts references to what the cell needs in their places. */
  #addNeeded(scope: CellScope, draft: Draft): void {
    for (const need of this.#stage.parameters?.kind.needs?.(draft.params) ?? []) {
      const location = this.locationOf(need.by, scope) ?? this.#stage.spec.location;
      const reference = this.#context.needed.reference(need, location);
      if (reference) draft.set(need.param, reference);
      else draft.complete = false;
    }
  }

  #fill(slot: Slot, scope: CellScope, draft: Draft): void {
    const axis = slot.given ? undefined : scope.values.get(slot.name);
    const preset = this.#ofProfile(slot.name, draft) ?? slot.preset;
    if (axis) this.#fromAxis(slot, axis, scope, draft);
    else if (slot.given ?? slot.fallback) this.#fromTemplate(slot, scope, draft);
    else if (preset !== undefined) draft.params[slot.name] = preset;
    else if (slot.inherits !== undefined) this.#inherit(slot.name, draft.params[slot.inherits], draft);
    else if (slot.required) this.#missing(slot, scope, draft);
  }

  /** The default that the cell's profile has instead of the kind's. */
  #ofProfile(name: string, { params }: Draft): Value | undefined {
    const { profile } = params;
    const profiles = this.#stage.parameters?.kind.profiles;
    const defaults = profiles && typeof profile === 'string' ? ownValue(profiles, profile) : undefined;
    return defaults && ownValue(defaults, name);
  }

  #fromTemplate(slot: Slot, scope: CellScope, draft: Draft): void {
    const { template, location } = slot.given ?? slot.fallback ?? {};
    if (template?.constant) {
      draft.params[slot.name] = template.value;
      return;
    }
    const value = template?.evaluate(scope);
    if (value === undefined || !location) draft.complete = draft.resolved = false;
    else this.#take(this.#checked(slot.name, value, template?.variables), { name: slot.name, location }, scope, draft);
  }

  #fromAxis(slot: Slot, axis: AxisValue, scope: CellScope, draft: Draft): void {
    this.#take(this.#checked(slot.name, axis.value), { name: slot.name, location: axis.location }, scope, draft);
  }

  /** What the other cell has was checked when that was planned; of a list, none is the one. */
  #inherit(name: string, from: Value | undefined, draft: Draft): void {
    const params = from instanceof CellReference ? this.#context.world.find(from.cell)?.cell.params : undefined;
    const value = params && Object.hasOwn(params, name) ? params[name] : undefined;
    if (value !== undefined && !Array.isArray(value)) draft.set(name, value);
  }

  #checked(name: string, value: Value, variables?: readonly VariableSite[]): Checked {
    return this.#stage.parameters?.check(name, value, this.#context.world, variables) ?? { value };
  }

  #take(
    checked: Checked,
    at: { readonly name: string; readonly location: SourceLocation },
    scope: CellScope,
    draft: Draft,
  ): void {
    if ('value' in checked) {
      draft.set(at.name, checked.value);
      return;
    }
    draft.complete = false;
    for (const problem of checked.problems)
      this.#context.problems.add(placeProblem(problem, at.name, at.location), scope.id);
  }

  /** Missing in some cells only; what is missing in all of them was noted when the stage was compiled. */
  #missing({ name }: Slot, scope: CellScope, draft: Draft): void {
    draft.complete = false;
    const { parameters, spec, axisSites } = this.#stage;
    if (parameters && axisSites.has(name))
      this.#context.problems.add(missingParameter(name, parameters, spec), scope.id);
  }
}
