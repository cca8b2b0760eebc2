/** A text, or a number that JSON does not have but its writers write: Python `NaN` and `-Infinity`, C `nan` and `-inf`. */
const textOrNotANumber = /"(?:[^"\\]|\\.)*"|[+-]?\b(?:nan|inf(?:inity)?)\b/gis;

/**
 * Reads JSON, also with the numbers that it does not have.
 *
 * @param text - e.g. `{"loss": NaN}`, which Python's `json.dump` writes
 * @returns its value; such a number is null
 * @throws SyntaxError when it is no JSON otherwise either
 */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    const strict = text.replaceAll(textOrNotANumber, (found) => (found.startsWith('"') ? found : 'null'));
    return JSON.parse(strict) as unknown;
  }
}
