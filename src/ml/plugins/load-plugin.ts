import { readFile } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';
import { fail, FailureError, type Failure } from '../../core/failure.ts';
import { isJsonObject, isList } from '../../core/json.ts';
import { assetPath } from '../../util/package-root.ts';
import type { Augmentation } from '../augment/augmentation.ts';
import type { Metric } from '../metrics/registry.ts';
import type { Model } from '../models/model.ts';
import type { SupervisedLoss } from '../losses/loss.ts';
import type { KdMethod } from '../methods/kd-method.ts';
import { samePictures } from './check-augmentation.ts';
import { numeric } from './check-metric.ts';
import { compilePlugin } from './compile-plugin.ts';
import { tabled } from './plugin-model.ts';
import type { Plugin, PluginFile } from './plugin.ts';

/** What fields of an entry are, for those that hold more than a type can say where it is JavaScript. */
type Fields = Readonly<Record<string, (value: unknown) => boolean>>;

const isText = (value: unknown): boolean => typeof value === 'string' && value !== '';
const isFunction = (value: unknown): boolean => typeof value === 'function';

const METHOD: Fields = {
  source: isText,
  options: isJsonObject,
  weighting: (value: unknown) => value === 'odds' || value === 'plain',
  taps: isFunction,
  create: isFunction,
} satisfies Partial<Record<keyof KdMethod, unknown>>;

const LOSS: Fields = { summary: isText, source: isText, of: isFunction } satisfies Record<
  keyof SupervisedLoss,
  unknown
>;

const isCount = (value: unknown): boolean => typeof value === 'number' && Number.isSafeInteger(value) && value > 0;

const MODEL: Fields = {
  summary: isText,
  source: isText,
  build: isFunction,
  minimumSize: isCount,
  nominal: (value: unknown) => isJsonObject(value) && isCount(value['side']) && isCount(value['classes']),
  blocks: (value: unknown) => isList(value) && value.every(isCount),
  dropout: (value: unknown) => typeof value === 'boolean',
  pretrained: (value: unknown) => value === undefined || isText(value),
} satisfies Record<keyof Model, unknown>;

const METRIC: Fields = { summary: isText, value: isFunction } satisfies Partial<Record<keyof Metric, unknown>>;

const AUGMENTATION: Fields = { summary: isText, source: isText, create: isFunction } satisfies Record<
  keyof Augmentation,
  unknown
>;

/** What each registry takes. */
const REGISTRIES: Readonly<Record<keyof Plugin, Fields>> = {
  methods: METHOD,
  losses: LOSS,
  models: MODEL,
  metrics: METRIC,
  augmentations: AUGMENTATION,
};

const isName = (name: string): boolean => /^[A-Za-z][\w.-]*$/.test(name);

/** What is wrong with one entry. */
function entryProblem(registry: string, name: string, entry: unknown): string | undefined {
  if (!isName(name))
    return `${registry}: ${JSON.stringify(name)} is no name: a letter, then letters, digits, _, . and -`;
  if (typeof entry !== 'object' || entry === null) return `${registry}.${name} is no object`;
  const fields = entry as Readonly<Record<string, unknown>>;
  const wrong = Object.entries(REGISTRIES[registry as keyof Plugin]).find(([field, fits]) => !fits(fields[field]));
  if (wrong) return `${registry}.${name}.${wrong[0]} is ${fields[wrong[0]] === undefined ? 'missing' : 'wrong'}`;
  const called = fields['name'] ?? name;
  return called === name ? undefined : `${registry}.${name}.name is another name: ${JSON.stringify(called)}`;
}

/** All that is wrong with what a file exports. */
function problemsOf(exported: unknown): readonly string[] {
  if (exported === undefined) return ['the plugin has no default export'];
  if (typeof exported !== 'object' || exported === null) return ['the default export is no object'];
  const registries = Object.entries(exported);
  if (registries.length === 0) return ['the default export is empty'];
  return registries.flatMap(([registry, entries]: [string, unknown]) => {
    if (!Object.hasOwn(REGISTRIES, registry)) return [`${registry} cannot be added to`];
    if (typeof entries !== 'object' || entries === null) return [`${registry} is no object`];
    return Object.entries(entries).flatMap(([name, entry]) => entryProblem(registry, name, entry) ?? []);
  });
}

/** The entries of a registry, each of which refuses to give what is none. */
const guarded = <Entry>(
  entries: Readonly<Record<string, Entry>>,
  guard: (name: string, entry: Entry, shown: string) => Entry,
  shown: string,
): Readonly<Record<string, Entry>> =>
  Object.fromEntries(Object.entries(entries).map(([name, entry]) => [name, guard(name, entry, shown)]));

/** What functions of its entries give can be told only where they are called. */
function withGuards(plugin: Plugin, shown: string): Plugin {
  const { models, metrics, augmentations } = plugin;
  return {
    ...plugin,
    ...(models && { models: guarded(models, tabled, shown) }),
    ...(metrics && { metrics: guarded(metrics, numeric, shown) }),
    ...(augmentations && { augmentations: guarded(augmentations, samePictures, shown) }),
  };
}

/** What a plugin threw while it was loaded. */
function thrown(error: unknown, shown: string): Failure {
  const said = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  const [, line, column] = (error instanceof Error && /:(\d+):(\d+)\)?$/m.exec(error.stack ?? '')) || [];
  const at = line === undefined ? {} : { line: Number(line), column: Number(column) };
  return {
    code: 'invalid-plugin',
    message: `the plugin cannot be loaded: ${said}`,
    place: { file: shown, ...at },
    expected: 'a module that only says what it adds',
  };
}

/**
 * Loads a plugin: runs its module, with all rights of this process.
 *
 * @param file - its file
 * @returns what it adds
 * @throws FailureError `invalid-plugin` with all that is wrong
 */
export async function loadPlugin(file: PluginFile): Promise<Plugin> {
  const { path, shown } = file;
  const text = await readFile(path, 'utf8');
  const code = await compilePlugin(text, file, pathToFileURL(assetPath('dist/plugin.js')).href);
  let exported: unknown;
  try {
    // Another text is another module.
    const module = (await import(`data:text/javascript;base64,${Buffer.from(code).toString('base64')}`)) as object;
    exported = 'default' in module ? module.default : undefined;
  } catch (error) {
    if (error instanceof FailureError) throw error;
    return fail(thrown(error, shown));
  }
  const problems = problemsOf(exported);
  if (problems.length === 0) return withGuards(exported as Plugin, shown);
  throw new FailureError(
    problems.map((problem) => ({
      code: 'invalid-plugin',
      message: problem,
      place: { file: shown },
      expected: 'export default { methods: { NAME: … } } satisfies Plugin',
      fix: 'kdpipe init my-method.ts writes one to start from',
    })),
  );
}

/**
 * Loads plugins, each once.
 *
 * @param files - their files
 * @returns what they add, together
 * @throws FailureError `invalid-plugin` with all that is wrong with one of them
 */
export async function loadPlugins(files: readonly PluginFile[]): Promise<Required<Plugin>> {
  const once = [...new Map(files.map((file) => [file.path, file])).values()];
  const plugins = await Promise.all(once.map(loadPlugin));
  const all = <Registry extends keyof Plugin>(registry: Registry): Required<Plugin>[Registry] =>
    Object.assign({}, ...plugins.map((plugin) => plugin[registry])) as Required<Plugin>[Registry];
  return {
    ...{ methods: all('methods'), losses: all('losses'), models: all('models') },
    ...{ metrics: all('metrics'), augmentations: all('augmentations') },
  };
}
