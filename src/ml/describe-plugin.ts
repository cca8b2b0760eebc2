/** Says what a plugin adds, in a process of its own. */
import type { JsonObject } from '../core/json.ts';
import { answer } from '../util/apart/answer.ts';
import { pluginCatalogue } from './catalogue.ts';
import type { LossCheck } from './plugins/check-loss.ts';
import { checkMethod } from './plugins/check-method.ts';
import { checkSupervised } from './plugins/check-supervised.ts';
import { loadPlugin } from './plugins/load-plugin.ts';
import type { Plugin, PluginFile } from './plugins/plugin.ts';

/** What it is given. */
interface DescribeCall extends PluginFile {
  /** True to try what it adds, too. */
  readonly checked: boolean;
}

/** What it answers. */
interface DescribedPlugin {
  /** Registry → name → facts. */
  readonly names: Readonly<Record<string, Readonly<Record<string, JsonObject>>>>;
  /** By name, where they were tried. */
  readonly tried: Readonly<Record<string, LossCheck>>;
}

function tryAll({ methods = {}, losses = {} }: Plugin, shown: string): DescribedPlugin['tried'] {
  return Object.fromEntries([
    ...Object.entries(methods).map(([name, method]) => [name, checkMethod(name, method, shown)] as const),
    ...Object.entries(losses).map(([name, loss]) => [name, checkSupervised(name, loss, shown)] as const),
  ]);
}

answer(async ({ checked, ...file }: DescribeCall): Promise<DescribedPlugin> => {
  const plugin = await loadPlugin(file);
  return { names: pluginCatalogue(plugin), tried: checked ? tryAll(plugin, file.shown) : {} };
});
