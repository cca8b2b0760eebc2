import { CellReference, type Cell } from '../../core/plan.ts';
import { parameterAt } from '../../cells/lookup.ts';
import type { Catalogue } from '../../stages/catalogue.ts';
import type { CheckContext, StageKind } from '../../stages/stage-kind.ts';
import type { Problems } from '../source/problems.ts';
import { inside, type SourceLocation } from '../source/location.ts';
import type { PlannedStages } from '../planned/planned-stages.ts';

/** A cell whose parameters agree with the schema, and where they stand. */
export interface ReadyCell {
  readonly cell: Cell;
  /** What problems call the cell; undefined for the only one of its stage. */
  readonly id: string | undefined;
  /** Where a parameter's value was written; undefined when it is the kind's default. */
  readonly locationOf: (param: string) => SourceLocation | undefined;
  /** Where the stage itself stands. */
  readonly stageLocation: SourceLocation;
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
  const { cell, id, locationOf, stageLocation } = ready;
  const { world, problems, catalogue } = context;
  const look: CheckContext = {
    upstream: (name) => {
      const value = parameterAt(world.index, cell.params, name);
      return value instanceof CellReference ? world.index.get(value.cell) : undefined;
    },
    given: (name) => locationOf(name) !== undefined,
    facts: (registry, name) => own(own(catalogue, registry), name),
  };
  for (const { param, ...problem } of kind.check(cell.params, look)) {
    const [name = '', ...rest] = param;
    const location = locationOf(String(name));
    const place = location ? { location: inside(location, ...rest) } : { location: stageLocation, atKey: true };
    problems.add({ ...problem, ...place }, id);
  }
}
