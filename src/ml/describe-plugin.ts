/** Says what a plugin adds, in a process of its own. */
import type { JsonObject } from '../core/json.ts';
import { answer } from '../util/apart/answer.ts';
import { pluginCatalogue } from './catalogue.ts';
import { checkMethod, type MethodCheck } from './plugins/check-method.ts';
import { loadPlugin } from './plugins/load-plugin.ts';
import type { PluginFile } from './plugins/plugin.ts';

/** What it is given. */
export interface DescribeCall extends PluginFile {
  /** True to try what it adds, too. */
  readonly checked: boolean;
}

/** What it answers. */
export interface DescribedPlugin {
  /** Registry → name → facts. */
  readonly names: Readonly<Record<string, Readonly<Record<string, JsonObject>>>>;
  /** By name of the method, where they were tried. */
  readonly methods: Readonly<Record<string, MethodCheck>>;
}

answer(async ({ checked, ...file }: DescribeCall): Promise<DescribedPlugin> => {
  const plugin = await loadPlugin(file);
  const methods = checked ? Object.entries(plugin.methods ?? {}) : [];
  const tried = methods.map(([name, method]) => [name, checkMethod(name, method, file.shown)] as const);
  return { names: pluginCatalogue(plugin), methods: Object.fromEntries(tried) };
});
