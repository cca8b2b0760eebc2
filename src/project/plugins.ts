import { statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fail, FailureError, type Failure } from '../core/failure.ts';
import type { NamedPlugin } from '../pipeline/plugins.ts';
import { catalogue, type Catalogue } from '../stages/catalogue.ts';
import { withPlugin } from '../stages/plugin-names.ts';
import { kinds, kindsWith } from '../stages/registry.ts';
import type { ParamSchema, StageKind } from '../stages/stage-kind.ts';
import { callApart } from '../util/apart/call-apart.ts';
import { pluginLines, requireTrustedText, type TrustedText } from './trust.ts';

/** What pipelines may name. */
export interface Registered {
  readonly kinds: Readonly<Record<string, StageKind>>;
  readonly catalogue: Catalogue;
  /** Files of plugins, relative to the working folder or absolute. */
  readonly plugins: readonly string[];
}

/** What is registered where there are no plugins. */
export const registered = (): Registered => ({ kinds, catalogue: catalogue(), plugins: [] });

const describeModule = {
  source: new URL('../ml/describe-plugin.ts', import.meta.url),
  built: 'dist/ml/describe-plugin.js',
};

/** A module that says names needs no more. */
const limits = { seconds: 30, mebibytes: 512 };

/** What a plugin says of itself. */
export interface DescribedPlugin {
  /** Registry → name → facts. */
  readonly names: Catalogue;
  /** What was seen of each entry that was tried, a line. */
  readonly tried: readonly string[];
}

/**
 * Asks a plugin what it adds, in a process of its own.
 *
 * @param path - of its file
 * @param file - where it is
 * @param file.shown - as failures show it
 * @param file.checked - true to try what it adds, too
 * @returns what it says
 * @throws FailureError where it cannot be loaded, or something of it does not stand the trial
 */
export async function describePlugin(
  path: string,
  { shown, checked }: { readonly shown: string; readonly checked: boolean },
): Promise<DescribedPlugin> {
  const input = { path, shown, checked };
  const answer = await callApart<DescribedPlugin, Failure>({ module: describeModule, input, file: shown, limits });
  if ('value' in answer) return answer.value;
  if ('failures' in answer) throw new FailureError(answer.failures);
  return fail({
    code: 'costly-plugin',
    message: `loading the plugin takes more than ${answer.exceeded}`,
    place: { file: shown },
    expected: 'a module that only says what it adds',
  });
}

/**
 * Tells plugins from pipelines by the endings of their files.
 *
 * @param file - a path
 * @returns true for .ts, .js and .mjs
 */
export const isPluginFile = (file: string): boolean => /\.(ts|js|mjs)$/.test(file);

const isSame = (a: ParamSchema | undefined, b: ParamSchema): boolean => JSON.stringify(a) === JSON.stringify(b);

/** Names that would stand for two things. */
function* conflicts(added: Catalogue, known: Registered, place: Failure['place']): Generator<Failure> {
  for (const [registry, entries] of Object.entries(added)) {
    for (const [name, { options = {} }] of Object.entries(entries)) {
      const word = `${registry}.${name}`;
      if (known.catalogue[registry]?.[name])
        yield {
          code: 'taken-name',
          message: `the plugin adds ${word}, which is there already`,
          ...(place && { place }),
          expected: 'names that are new',
          fix: 'give it another name',
        };
      for (const [option, schema] of Object.entries(options as Readonly<Record<string, ParamSchema>>)) {
        const there = known.kinds['distill-student']?.params[option];
        if (!there || isSame(there, schema)) continue;
        yield {
          code: 'taken-name',
          message: `${word} has an option ${option}, which distill-student knows with another meaning`,
          ...(place && { place }),
          expected: 'options that are new, or declared as there',
          fix: `call the option ${name.toLowerCase()}_${option}`,
        };
      }
    }
  }
}

function requireFile(path: string, { path: written, place }: NamedPlugin): void {
  if (isPluginFile(path) && statSync(path, { throwIfNoEntry: false })?.isFile()) return;
  fail({
    code: 'unreadable-plugin',
    message: `there is no plugin ${written}`,
    place,
    expected: 'a .ts, .js or .mjs file; its path is relative to the pipeline file',
  });
}

/**
 * Asks the plugins of a pipeline what they add.
 *
 * @param named - the plugins
 * @param pipeline - the pipeline's text
 * @param trust - true to trust a pipeline from elsewhere
 * @returns what the pipeline may name
 * @throws FailureError where a plugin cannot be loaded, or adds names that are there, or the pipeline is not trusted
 */
export async function registerPlugins(
  named: readonly NamedPlugin[],
  pipeline: TrustedText,
  trust: boolean,
): Promise<Registered> {
  const folder = dirname(pipeline.shown);
  const files = [...new Map(named.map((plugin) => [join(folder, plugin.path), plugin] as const))];
  requireTrustedText(pipeline, pluginLines(files.map(([path]) => path)), trust);
  let known = registered();
  for (const [path, plugin] of files) {
    const absolute = resolve(pipeline.project.root, path);
    requireFile(absolute, plugin);
    const { names: added } = await describePlugin(absolute, { shown: path, checked: false });
    const failures = [...conflicts(added, known, plugin.place)];
    if (failures.length > 0) throw new FailureError(failures);
    const names = withPlugin(known.catalogue, added, path);
    known = { kinds: kindsWith(names), catalogue: names, plugins: [...known.plugins, path] };
  }
  return known;
}
