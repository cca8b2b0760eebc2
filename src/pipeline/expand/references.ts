import { CellReference, type Value, type ValueObject } from '../../core/plan.ts';
import { ownValue } from '../../core/own.ts';
import { axisText, valueToken } from '../../cells/cell-id.ts';
import {
  carriedAxis,
  carriedNames,
  joinToken,
  parentsOf,
  pickedCell,
  type Carrier,
  type PlannedCell,
} from '../../cells/carry.ts';
import { mismatchOf } from '../../cells/nearest.ts';
import { formatList, withNameAdvice } from '../../util/text.ts';
import type { Expression } from './expression.ts';
import type { Problems } from '../source/problems.ts';
import type { SourceLocation } from '../source/location.ts';
import type { PlannedStages } from '../planned/planned-stages.ts';

/** A `${stages.…}` with the place where it stands. */
export interface StageReference {
  readonly expression: Extract<Expression, { readonly type: 'stages' }>;
  readonly location: SourceLocation;
}

/** The cell that refers to others. */
export interface Referrer extends Carrier {
  /** Undefined for a stage as a whole. */
  readonly id: string | undefined;
  /** Takes the own axes that a join compared. */
  readonly joined: Set<string>;
}

/** What references are looked up in. */
export interface Lookup {
  readonly world: PlannedStages;
  readonly problems: Problems;
}

const nothingOpen: ReadonlySet<string> = new Set();

/**
 * Says whether a reference stands for a list of cells: `[*]` or `[axis=*]`.
 *
 * @param reference - a reference
 * @returns true when it collects
 */
export function collects(reference: StageReference): boolean {
  const { selector } = reference.expression;
  return selector.every || selector.conditions.some(({ every }) => every);
}

/**
 * Finds the cell, or for a collecting reference the cells, that a reference in a cell stands for: those that agree with
 * its conditions and, on every other axis that both carry, with the cell itself.
 *
 * @param reference - the reference
 * @param from - the cell in which it stands
 * @param lookup - planned stages, and what takes problems
 * @returns a reference or a list of them; undefined when a problem was noted, or the stage itself has one
 */
export function resolveReference(reference: StageReference, from: Referrer, lookup: Lookup): Value | undefined {
  const { selector } = reference.expression;
  const stage = lookup.world.stage(selector.stage);
  if (!stage) return undefined;
  const isBare = selector.conditions.length === 0 && !selector.every;
  const picked = isBare ? pickedCell(from, selector.stage) : undefined;
  if (picked) {
    from.joined.add(picked.via);
    return withOutput([picked.value], reference, from, lookup)?.[0];
  }
  const open = selector.conditions.length === 0 ? nothingOpen : new Set(selector.conditions.map(({ axis }) => axis));
  const found = stage.view(selector, lookup.world.find).agreeing(from, open, from.joined);
  const many = collects(reference);
  if (found.length === 0) {
    noteNone(reference, from, lookup);
    return undefined;
  }
  if (many ? !selector.every && !alikeBeyond(open, found) : found.length > 1) {
    noteMany(reference, found, from, lookup);
    return undefined;
  }
  const references = withOutput(found, reference, from, lookup);
  return many ? references : references?.[0];
}

/**
 * Lists every cell of a stage that agrees with a reference's conditions: the values of an axis. While params are swept,
 * only cells with the same values of them: a sweep is many pipelines side by side.
 *
 * @param reference - the reference
 * @param swept - values of the swept params that the asking stage uses
 * @param lookup - planned stages, and what takes problems
 * @returns references in the stage's order; undefined when a problem was noted, or the stage itself has one
 */
export function allCells(reference: StageReference, swept: ValueObject, lookup: Lookup): Value | undefined {
  const { selector } = reference.expression;
  const { find } = lookup.world;
  const from: Referrer = { id: undefined, axes: swept, parents: parentsOf(swept, find), joined: new Set() };
  const stage = lookup.world.stage(selector.stage);
  const isSwept = Object.keys(swept).length > 0;
  const found = isSwept
    ? stage?.view(selector, find).agreeing(from, nothingOpen, from.joined)
    : stage?.selected(selector, find);
  if (found?.length === 0) noteNone(reference, from, lookup);
  return found && found.length > 0 ? withOutput(found, reference, from, lookup) : undefined;
}

/** True when cells differ only on the open axes: `[seed=*]` must not collect over methods too. */
function alikeBeyond(open: ReadonlySet<string>, cells: readonly PlannedCell[]): boolean {
  const plain = (planned: PlannedCell): string =>
    plainAxes(planned)
      .filter(([name]) => !open.has(name))
      .map(([name, value]) => `${name}=${joinToken(value)}`)
      .sort()
      .join(',');
  return new Set(cells.map(plain)).size <= 1;
}

/** Names the output, after making sure that every cell has it. */
function withOutput(
  cells: readonly PlannedCell[],
  { expression: { output, source }, location }: StageReference,
  from: Referrer,
  { world, problems }: Lookup,
): readonly CellReference[] | undefined {
  // A reference takes what four values take.
  if (cells.length > 1) problems.budget.spend('nodes', 4 * cells.length, location);
  if (output === undefined) return cells.map(({ cell }) => new CellReference(cell.id));
  for (const planned of cells) {
    const known = world.outputs(planned);
    if (!known || known.includes(output)) continue;
    const message = `${planned.cell.id} has no output ${JSON.stringify(output)}`;
    const problem = { code: 'unknown-output', message, location, within: source };
    problems.add(withNameAdvice(problem, output, known), from.id);
    return undefined;
  }
  return cells.map(({ cell }) => new CellReference(cell.id, output));
}

function noteNone({ expression, location }: StageReference, from: Referrer, { world, problems }: Lookup): void {
  const { stage, conditions } = expression.selector;
  const cells = world.stage(stage)?.cells ?? [];
  const mismatch = mismatchOf(conditions, cells, world.find);
  problems.add(
    {
      code: 'no-cell',
      message: `no cell of ${stage} matches ${expression.source}${mismatch ? `: ${mismatch.reason}` : agreement(from)}`,
      ...(mismatch?.fix === undefined ? {} : { fix: mismatch.fix }),
      expected: `one of ${formatList(
        cells.map(({ cell }) => cell.id),
        4,
      )}`,
      location,
      within: expression.source,
    },
    from.id,
  );
}

/** Carried axes that hold no cells. */
function plainAxes(carrier: Carrier): readonly (readonly [string, Value])[] {
  return carriedNames(carrier).flatMap((name) => {
    const value = carriedAxis(carrier, name)?.value ?? null;
    return value instanceof CellReference ? [] : [[name, value] as const];
  });
}

/** The axes on which a cell joins, for messages. */
function agreement(carrier: Carrier): string {
  const axes = plainAxes(carrier).map(([name, value]) => `${name}=${axisText(value, false)}`);
  return axes.length === 0 ? '' : ` where ${axes.join(', ')}`;
}

/** The condition that would pick the first of several cells. */
function pickingFirst(cells: readonly PlannedCell[]): string {
  const [first] = cells;
  const axes = Object.entries(first?.cell.axes ?? {});
  const differing = axes.filter(([name, value]) =>
    cells.some(({ cell }) => valueToken(ownValue(cell.axes, name) ?? null) !== valueToken(value)),
  );
  return differing.map(([name, value]) => `${name}=${axisText(value, value instanceof CellReference)}`).join(',');
}

/** How a reference that stands for several cells can be mended. */
function fixFor({ expression, location }: StageReference, found: readonly PlannedCell[]): string {
  const { stage } = expression.selector;
  const output = expression.output === undefined ? '' : `.${expression.output}`;
  const [parameter = stage, section] = [...location.path].reverse();
  const axis = section === 'with' ? parameter : stage;
  return [
    `pick one: \${stages.${stage}[${pickingFirst(found)}]${output}}`,
    `or make an axis instead: matrix: { ${axis}: ["\${stages.${stage}${output}}"] }`,
    `or collect all: \${stages.${stage}[*]${output}}`,
  ].join('\n');
}

function noteMany(
  reference: StageReference,
  found: readonly PlannedCell[],
  from: Referrer,
  { problems }: Lookup,
): void {
  const { source } = reference.expression;
  const ids = found.map(({ cell }) => cell.id);
  problems.add(
    {
      code: 'ambiguous-reference',
      message: `${source} stands for ${found.length} cells: ${formatList(ids, 3)}`,
      expected: 'exactly one cell',
      fix: fixFor(reference, found),
      location: reference.location,
      within: source,
    },
    from.id,
  );
}
