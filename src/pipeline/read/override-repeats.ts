import type { Json } from '../../core/json.ts';
import { valueToken } from '../../cells/cell-id.ts';
import type { Problems } from '../source/problems.ts';
import type { Override } from './override-text.ts';

/**
 * The values of a sweep, each once: it is said where one stands there again.
 *
 * @param values - of the sweep
 * @param override - where they stand
 * @param problems - takes the notes
 * @returns values in their order
 */
export function distinctValues(values: readonly Json[], override: Override, problems: Problems): readonly Json[] {
  const { key, location } = override;
  const seen = new Map<string, Json>();
  for (const value of values) {
    const token = valueToken(value);
    if (seen.has(token))
      problems.add({
        code: 'repeated-value',
        note: true,
        message: `${key} is given ${token} twice, and has it once`,
        location,
      });
    else seen.set(token, value);
  }
  return [...seen.values()];
}

/** `params.epochs` and `epochs` are one name. */
const nameOf = ({ key }: Override): string => key.replace(/^params\.(?=[^.]+$)/, '');

/**
 * Says of overrides that a later one of the same name replaces them.
 *
 * @param overrides - in the order in which they were given
 * @param problems - takes the notes
 */
export function checkReplaced(overrides: readonly Override[], problems: Problems): void {
  const last = new Map(overrides.map((override) => [nameOf(override), override]));
  for (const override of overrides) {
    const later = last.get(nameOf(override));
    const { override: text = '' } = override.location;
    const { override: winner = '' } = later?.location ?? {};
    if (later === override || winner === text) continue;
    problems.add({
      code: 'replaced-override',
      note: true,
      message: `-S ${text} has no effect: -S ${winner} comes later; values with commas between them sweep`,
      location: override.location,
    });
  }
}
