import { isList } from '../../core/json.ts';
import { CellReference, ReferenceText, type Value } from '../../core/plan.ts';
import { withNameAdvice } from '../../util/text.ts';
import { inputText, type InputRule } from './expectation.ts';
import { describeValue } from '../source/describe-value.ts';
import type { PlannedStages } from '../planned/planned-stages.ts';

/** What is wrong with a value, before its place is known. */
export interface ValueProblem {
  readonly code: string;
  readonly message: string;
  readonly expected?: string;
  readonly fix?: string;
  /** Path from the value to the faulty part. */
  readonly path: readonly (string | number)[];
}

/** The checked value, with defaults and outputs filled in, or what is wrong with it. */
export type Checked = { readonly value: Value } | { readonly problems: readonly ValueProblem[] };

/**
 * Checks one reference against an input's rule, and fills in the output that is read.
 *
 * @param value - what stands there
 * @param rule - the input's rule
 * @param world - planned stages
 * @returns the reference with its output, or what is wrong
 */
export function checkReference(value: Value, rule: InputRule, world: PlannedStages): CellReference | ValueProblem {
  if (!(value instanceof CellReference)) {
    const isNamed = typeof value === 'string' && (world.stage(value) ?? world.find(value)) !== undefined;
    return {
      code: 'wrong-type',
      message: `got ${describeValue(value)}`,
      expected: inputText(rule),
      ...(isNamed ? { fix: `write "\${stages.${value}}"` } : {}),
      path: [],
    };
  }
  const planned = world.find(value.cell);
  if (!planned) return value;
  const { kind, id } = planned.cell;
  if (world.kind(kind) && !rule.kinds.includes(kind)) {
    return {
      code: 'wrong-kind',
      message: `${id} is of kind ${kind}`,
      expected: inputText(rule),
      path: [],
    };
  }
  const outputs = world.outputs(planned);
  const output = value.output ?? rule.output ?? outputs?.[0];
  if (output === undefined || !outputs || outputs.includes(output)) return new CellReference(value.cell, output);
  const message = `${id} has no output ${JSON.stringify(output)}`;
  return withNameAdvice({ code: 'unknown-output', message, path: [] }, output, outputs);
}

/**
 * Checks the value of an input parameter.
 *
 * @param value - a reference, a list of them for an input that takes many, or a text where the rule has one
 * @param rule - the parameter's `x-input`
 * @param world - planned stages
 * @returns the value with outputs filled in, or what is wrong
 */
export function checkInput(value: Value, rule: InputRule, world: PlannedStages): Checked {
  if (rule.text !== undefined && typeof value === 'string' && value !== '') return { value };
  if (rule.many !== true && !(rule.many === 'or-one' && isList(value))) {
    const checked = checkReference(value, rule, world);
    return checked instanceof CellReference ? { value: checked } : { problems: [checked] };
  }
  if (!isList(value))
    return {
      problems: [{ code: 'wrong-type', message: `got ${describeValue(value)}`, expected: inputText(rule), path: [] }],
    };
  const checked = value.map((item) => checkReference(item, { ...rule, many: false }, world));
  const problems = checked.flatMap((item, index) =>
    item instanceof CellReference ? [] : [{ ...item, path: [index] }],
  );
  return problems.length > 0 ? { problems } : { value: checked.filter((item) => item instanceof CellReference) };
}

/**
 * Names the main output in references that name none: what a text or an argument list means by a stage.
 *
 * @param value - any value
 * @param world - planned stages
 * @returns the same value when nothing had to be filled in
 */
export function withMainOutputs(value: Value, world: PlannedStages): Value {
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof CellReference) return mainOutput(value, world);
  if (value instanceof ReferenceText) {
    return new ReferenceText(value.parts.map((part) => (typeof part === 'string' ? part : mainOutput(part, world))));
  }
  if (isList(value)) return value.map((item) => withMainOutputs(item, world));
  const entries = Object.entries(value);
  return Object.fromEntries(entries.map(([key, item]) => [key, withMainOutputs(item, world)]));
}

function mainOutput(reference: CellReference, world: PlannedStages): CellReference {
  if (reference.output !== undefined) return reference;
  const planned = world.find(reference.cell);
  return new CellReference(reference.cell, planned && world.outputs(planned)?.[0]);
}
