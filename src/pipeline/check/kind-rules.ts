import { CellReference, type Cell } from '../../core/plan.ts';
import { parameterAt } from '../../cells/lookup.ts';
import type { Catalogue } from '../../stages/catalogue.ts';
import type { CheckContext, StageKind } from '../../stages/stage-kind.ts';
import type { StageParameters } from '../expand/cell-parameters.ts';
import type { Problems } from '../read/problems.ts';
import { inside } from '../read/location.ts';
import type { CellScope } from '../expand/stage-names.ts';
import type { PlannedStages } from '../expand/planned-stages.ts';

/** A cell whose parameters agree with the schema, and what it was made of. */
export interface ReadyCell {
  readonly cell: Cell;
  readonly scope: CellScope;
  readonly parameters: StageParameters;
}

/** What rules may look at. */
interface RuleContext {
  readonly world: PlannedStages;
  readonly problems: Problems;
  readonly catalogue: Catalogue;
}

function own<T>(object: Readonly<Record<string, T>> | undefined, key: string): T | undefined {
  return object && Object.hasOwn(object, key) ? object[key] : undefined;
}

/**
 * Applies the rules of a kind to a cell: flags that would do nothing, values that exclude each other.
 *
 * @param ready - the cell
 * @param kind - its kind
 * @param context - planned stages, the catalogue, and what takes problems
 */
export function checkRules(ready: ReadyCell, kind: StageKind, context: RuleContext): void {
  if (!kind.check) return;
  const { cell, scope, parameters } = ready;
  const { world, problems, catalogue } = context;
  const look: CheckContext = {
    upstream: (name) => {
      const value = parameterAt(world.index, cell.params, name);
      return value instanceof CellReference ? world.index.get(value.cell) : undefined;
    },
    given: (name) => parameters.locationOf(name, scope) !== undefined,
    facts: (registry, name) => own(own(catalogue, registry), name),
  };
  for (const { param, ...problem } of kind.check(cell.params, look)) {
    const [name = '', ...rest] = param;
    const location = parameters.locationOf(String(name), scope);
    const place = location
      ? { location: inside(location, ...rest) }
      : { location: parameters.stageLocation, atKey: true };
    problems.add({ ...problem, ...place }, scope.id);
  }
}
