/** Stands for a secret in all that is written and shown. */
export const mask = '***';

/** Shortest value that is taken for a secret: `1` or `true` would be masked everywhere. */
const shortest = 6;

/**
 * Tells the names of variables that hold secrets: HF_TOKEN, WANDB_API_KEY, DB_PASSWORD, CLIENT_SECRET.
 *
 * @param name - of a variable of the environment
 * @returns true where its value is not to be shown
 */
export const isSecretName = (name: string): boolean => /_(?:TOKEN|KEY)S?$|PASSWORD|SECRET/i.test(name);

/**
 * The secrets that can be told from other words.
 *
 * @param secrets - values
 * @returns those that are long enough; of two that begin alike the longer one first
 */
export const redactable = (secrets: readonly string[]): readonly string[] =>
  secrets.filter(({ length }) => length >= shortest).sort((a, b) => b.length - a.length);

/** Takes secrets out of what is written and shown. */
export interface Redactor {
  /** A text without them. */
  readonly text: (text: string) => string;
  /** A text that is JSON without them. */
  readonly jsonText: (text: string) => string;
  /** Plain JSON without them; the value itself where there are none. */
  readonly json: <T>(value: T) => T;
}

const asItIs: Redactor = { text: (text) => text, jsonText: (text) => text, json: (value) => value };

/**
 * Makes what takes secrets out.
 *
 * @param secrets - their values; what is too short to be told from other words is left
 * @returns the redactor
 */
export function redactor(secrets: readonly string[] = []): Redactor {
  const values = redactable(secrets);
  if (values.length === 0) return asItIs;
  const replace = (text: string, forms: readonly string[]): string =>
    forms.reduce((rest, form) => rest.replaceAll(form, mask), text);
  const quoted = values.map((value) => JSON.stringify(value).slice(1, -1));
  return {
    // Messages quote values.
    text: (text) => replace(text, [...quoted, ...values]),
    jsonText: (text) => replace(text, quoted),
    json: <T>(value: T): T => JSON.parse(replace(JSON.stringify(value), quoted)) as T,
  };
}
