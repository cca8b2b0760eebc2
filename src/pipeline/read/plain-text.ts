import type { Located } from '../source/location.ts';
import type { Shape } from './shape.ts';

/** What a text is called, and what to write instead of an expression. */
interface About {
  readonly what: string;
  readonly expected: string;
}

/**
 * Reads a text without an expression: where a job goes is the same for all cells of a stage.
 *
 * @param written - the value
 * @param about - what it is called, and what to write instead of an expression
 * @param shape - takes what is wrong
 * @returns the text; undefined where none is given
 */
export function plainText(written: Located | undefined, about: About, shape: Shape): string | undefined {
  const { what, expected } = about;
  const text = shape.text(written, what);
  if (!text?.value.includes('${')) return text?.value;
  const message = `${what} holds an expression`;
  shape.problems.add({ code: 'misplaced-expression', message, expected, location: text.location });
  return undefined;
}
