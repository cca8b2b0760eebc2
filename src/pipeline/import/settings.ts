import { isJsonObject, type Json, type JsonObject } from '../../core/json.ts';
import type { Failure } from '../../core/failure.ts';
import { nameAdvice } from '../../util/text.ts';
import type { PipelineDocument } from '../read/read-pipeline.ts';
import type { Path } from '../source/location.ts';

/** What a setting of another program means here: parameters, or what it would have to be to mean any. */
export type Meaning = { readonly with: JsonObject } | { readonly lack: string };

/** A setting that another program knows. */
export interface Setting {
  /** Its value where the configuration does not say it. */
  readonly preset: Json;
  /** Gives parameters of the stage that trains. */
  readonly means: (value: Json) => Meaning;
}

/** Settings by their paths: `SOLVER.LR`. */
export type Settings = Readonly<Record<string, Setting>>;

/** Changes no number of a result. */
export const idle: Setting = { preset: null, means: () => ({ with: {} }) };

/**
 * A number that a parameter takes over.
 *
 * @param preset - its value by default
 * @param name - of the parameter
 * @returns the setting
 */
export const number = (preset: number, name: string): Setting => ({
  preset,
  means: (value) => (typeof value === 'number' ? { with: { [name]: value } } : { lack: 'a number' }),
});

/**
 * A list of whole numbers that a parameter takes over.
 *
 * @param preset - its value by default
 * @param name - of the parameter
 * @returns the setting
 */
export const integers = (preset: readonly number[], name: string): Setting => ({
  preset,
  means: (value) =>
    Array.isArray(value) && value.every((item) => Number.isInteger(item))
      ? { with: { [name]: value } }
      : { lack: 'a list of whole numbers' },
});

/**
 * A setting of which only some values have a counterpart.
 *
 * @param values - each with its parameters; the first is the preset
 * @param lack - what others would have to be
 * @returns the setting
 */
export const oneOf = (values: readonly (readonly [Json, JsonObject?])[], lack: string): Setting => ({
  preset: values[0]?.[0] ?? null,
  means: (value) => {
    const found = values.find(([known]) => known === value);
    return found ? { with: found[1] ?? {} } : { lack };
  },
});

/** A setting as a configuration says it. */
interface Said {
  readonly value: Json;
  readonly path: Path;
}

/** A configuration, taken apart. */
export interface Configuration {
  readonly document: PipelineDocument;
  /** What is no mapping in it, by its path: `SOLVER.LR`. */
  readonly said: ReadonlyMap<string, Said>;
}

/**
 * Takes a configuration apart.
 *
 * @param document - nested mappings
 * @returns its settings
 */
export function takeApart(document: PipelineDocument): Configuration {
  const said = new Map<string, Said>();
  const walk = (mapping: JsonObject, above: Path): void => {
    for (const [name, value] of Object.entries(mapping)) {
      const path = [...above, name];
      if (isJsonObject(value)) walk(value, path);
      else said.set(path.join('.'), { value, path });
    }
  };
  walk(document.root, []);
  return { document, said };
}

/**
 * Says that a setting means nothing here.
 *
 * @param configuration - where it stands, or where its preset counts
 * @param path - of the setting
 * @param value - that it has
 * @param expected - what it would have to be
 * @returns the failure
 */
export function noCounterpart(configuration: Configuration, path: string, value: Json, expected: string): Failure {
  const { document, said } = configuration;
  const written = said.get(path);
  return {
    code: 'no-counterpart',
    message: `${path}: ${JSON.stringify(value)}${written ? '' : ', its preset,'} has no counterpart`,
    place: written ? document.locate({ path: written.path }, {}) : { file: document.file },
    expected,
  };
}

/** What a configuration means here. */
export interface Interpretation {
  readonly with: JsonObject;
  /** What has no counterpart. */
  readonly failures: readonly Failure[];
}

/**
 * Interprets a configuration: what it does not say has its preset, whose meaning counts all the same.
 *
 * @param configuration - taken apart
 * @param settings - all that count for it
 * @param ignored - whether a path is one of a section that does not count
 * @returns parameters, and what has no counterpart
 */
export function interpret(
  configuration: Configuration,
  settings: Settings,
  ignored: (path: string) => boolean,
): Interpretation {
  const { document, said } = configuration;
  const failures: Failure[] = [];
  let parameters: JsonObject = {};
  for (const [path, { path: keys }] of said) {
    if (Object.hasOwn(settings, path) || ignored(path)) continue;
    const fix = nameAdvice(path, Object.keys(settings));
    failures.push({
      code: 'unknown-setting',
      message: `${path} is no setting that is known here`,
      place: document.locate({ path: keys }, { atKey: true }),
      ...(fix === undefined ? {} : { fix }),
    });
  }
  for (const [path, { preset, means }] of Object.entries(settings)) {
    const value = said.get(path)?.value ?? preset;
    const meaning = means(value);
    if ('with' in meaning) parameters = { ...parameters, ...meaning.with };
    else failures.push(noCounterpart(configuration, path, value, meaning.lack));
  }
  return { with: parameters, failures };
}
