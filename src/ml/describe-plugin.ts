/** Says what a plugin adds, in a process of its own. */
import type { JsonObject } from '../core/json.ts';
import { answer } from '../util/apart/answer.ts';
import { pluginCatalogue } from './catalogue.ts';
import type { LossCheck } from './plugins/check-loss.ts';
import { checkMethod } from './plugins/check-method.ts';
import { checkModel } from './plugins/check-model.ts';
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
  /** What was seen of each entry, a line; none where they were not tried. */
  readonly tried: readonly string[];
}

const lossText = ({ loss, difference }: LossCheck): string =>
  `L = ${Number(loss.toPrecision(4))} on some batch, gradients within ${difference.toExponential(0)} of finite differences`;

async function modelText(...entry: Parameters<typeof checkModel>): Promise<string> {
  const { side, taps, parameters, macs } = await checkModel(...entry);
  const size = `${parameters.toLocaleString('en')} parameters, ${macs.toLocaleString('en')} multiply-accumulates`;
  return `${size} at ${side}×${side}, a training step is finite, taps ${taps.join(', ')}`;
}

type Entry<Registry extends keyof Plugin> = Required<Plugin>[Registry][string];

/** Tries an entry, and says what was seen. */
const CHECKS: {
  readonly [Registry in keyof Plugin]-?: (
    name: string,
    entry: Entry<Registry>,
    shown: string,
  ) => string | Promise<string>;
} = {
  methods: (...entry) => lossText(checkMethod(...entry)),
  losses: (...entry) => lossText(checkSupervised(...entry)),
  models: modelText,
};

async function tryAll(plugin: Plugin, shown: string): Promise<readonly string[]> {
  const lines: string[] = [];
  for (const registry of Object.keys(CHECKS) as (keyof Plugin)[]) {
    const check = CHECKS[registry] as (name: string, entry: unknown, shown: string) => string | Promise<string>;
    for (const [name, entry] of Object.entries(plugin[registry] ?? {}))
      lines.push(`${name}: ${await check(name, entry, shown)}`);
  }
  return lines;
}

answer(async ({ checked, ...file }: DescribeCall): Promise<DescribedPlugin> => {
  const plugin = await loadPlugin(file);
  return { names: pluginCatalogue(plugin), tried: checked ? await tryAll(plugin, file.shown) : [] };
});
