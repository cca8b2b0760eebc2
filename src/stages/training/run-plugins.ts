import { basename } from 'node:path';
import { loadPlugins } from '../../ml/plugins/load-plugin.ts';
import type { Plugin, PluginFile } from '../../ml/plugins/plugin.ts';
import { isPluginSource, pluginSource } from '../plugin-names.ts';
import type { StageContext } from '../stage-kind.ts';

type Sources = Pick<StageContext, 'sources'>;

const fileAt = (path: string): PluginFile => ({ path, shown: basename(path) });

/**
 * The plugin whose entry a stage's parameter names.
 *
 * @param stage - the running stage
 * @param stage.sources - plugins are among them
 * @param registry - of the entry
 * @param name - of the entry
 * @returns its file; null where the entry is ours
 */
export function pluginOf({ sources }: Sources, registry: keyof Plugin, name: string): PluginFile | null {
  const source = sources.find((one) => one.name === pluginSource(registry, name));
  return source ? fileAt(source.path) : null;
}

/**
 * Loads the plugins that a stage's parameters name.
 *
 * @param stage - the running stage
 * @param stage.sources - plugins are among them
 * @returns what they add, together
 * @throws FailureError `invalid-plugin`
 */
export const openPlugins = ({ sources }: Sources): Promise<Required<Plugin>> =>
  loadPlugins(sources.flatMap(({ name, path }) => (isPluginSource(name) ? [fileAt(path)] : [])));
