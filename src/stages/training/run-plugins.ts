import { basename } from 'node:path';
import { loadPlugin } from '../../ml/plugins/load-plugin.ts';
import type { Plugin } from '../../ml/plugins/plugin.ts';
import { isPluginSource } from '../plugin-names.ts';
import type { StageContext } from '../stage-kind.ts';

/**
 * Loads the plugins that a stage's parameters name.
 *
 * @param stage - the running stage
 * @param stage.sources - plugins are among them
 * @returns what they add, together
 * @throws FailureError `invalid-plugin`
 */
export async function openPlugins({ sources }: Pick<StageContext, 'sources'>): Promise<Required<Plugin>> {
  const paths = new Set(sources.flatMap(({ name, path }) => (isPluginSource(name) ? [path] : [])));
  const plugins = await Promise.all([...paths].map((path) => loadPlugin({ path, shown: basename(path) })));
  const all = <Registry extends keyof Plugin>(registry: Registry): Required<Plugin>[Registry] =>
    Object.assign({}, ...plugins.map((plugin) => plugin[registry])) as Required<Plugin>[Registry];
  return { methods: all('methods'), losses: all('losses'), models: all('models') };
}
