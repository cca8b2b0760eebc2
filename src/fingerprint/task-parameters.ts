import { fail } from '../core/failure.ts';
import { isList, type Json, type JsonObject } from '../core/json.ts';
import { CellReference, ReferenceText, type Value, type ValueObject } from '../core/plan.ts';
import { mapValues } from './map-values.ts';

/** A reference and its place in the parameters: `data`, `teachers.0`. */
export interface NamedReference {
  readonly name: string;
  readonly reference: CellReference;
}

/** Parameters as tasks carry them, and the references that were taken out. */
export interface TaskParameters {
  readonly params: JsonObject;
  /** In the order in which they stand. */
  readonly references: readonly NamedReference[];
}

const reserved = ['$input', '$text'];

function refuseReserved(value: ValueObject, place: string): void {
  const name = reserved.find((word) => Object.hasOwn(value, word));
  if (name === undefined) return;
  fail({
    code: 'reserved-name',
    message: `${place || 'with'} holds the name ${name}`,
    expected: `names other than ${reserved.join(' and ')}, which stand for results of other stages`,
    fix: 'write ${stages.…} to read a result, or use another name',
  });
}

/**
 * Turns the parameters of a planned cell into plain JSON that crosses process borders: a reference becomes
 * `{ "$input": name }`, text with references `{ "$text": ["--weights=", { "$input": name }] }`.
 *
 * @param params - parameters of a planned cell
 * @returns JSON parameters and the references with their names
 * @throws FailureError `reserved-name` where a mapping of the user could be taken for a reference
 */
export function taskParameters(params: ValueObject): TaskParameters {
  const references: NamedReference[] = [];
  const refer = (reference: CellReference, name: string): JsonObject => {
    references.push({ name, reference });
    return { $input: name };
  };
  const plain = (value: Value, place: string): Json => {
    if (typeof value !== 'object' || value === null) return value;
    if (value instanceof CellReference) return refer(value, place);
    if (value instanceof ReferenceText)
      return {
        $text: value.parts.map((part, at) => (typeof part === 'string' ? part : refer(part, `${place}.${at}`))),
      };
    if (isList(value)) return value.map((item, at) => plain(item, `${place}.${at}`));
    return plainObject(value, place);
  };
  const plainObject = (values: ValueObject, place: string): JsonObject => {
    refuseReserved(values, place);
    const prefix = place === '' ? '' : `${place}.`;
    return mapValues(values, (value, name) => plain(value, prefix + name));
  };
  return { params: plainObject(params, ''), references };
}
