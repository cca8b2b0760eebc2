import type { Value } from '../core/plan.ts';
import { plainText } from './nearest.ts';
import type { Selector } from './selector.ts';

/** Reads a value under a name as cells have it: a synonym is the name that it stands for. */
export type Meaning = (name: string, value: Value) => Value;

/** Where nothing has synonyms. */
export const asWritten: Meaning = (_name, value) => value;

/**
 * Puts the names that cells have in the place of synonyms: `student[kd_method=KD]` is `student[kd_method=SoftTarget]`.
 *
 * @param selector - as written
 * @param meant - knows what is meant
 * @returns the selector as cells name it
 */
export function meantSelector(selector: Selector, meant: Meaning): Selector {
  const conditions = selector.conditions.map((one) => ({ ...one, text: plainText(meant(one.axis, one.text)) }));
  return { ...selector, conditions };
}
