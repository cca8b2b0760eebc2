import type { Model } from '../models/model.ts';
import { isLayerTable, layerTable, networkFrom } from '../network/layer-table.ts';
import type { Network } from '../network/network.ts';
import { refusing } from './refusing.ts';

/**
 * A plugin's model whose networks are what the tables of their layers say: its weights hold that table, so that evaluations, students,
 * exports and predictions need no plugin.
 *
 * @param name - in pipelines; networks are called that, whatever the plugin calls them
 * @param model - as the plugin has it
 * @param shown - the plugin's file, as failures show it
 * @returns the model; `build` throws `invalid-plugin` for what is no classifier of our layers, or has other classes than were asked for
 */
export function tabled(name: string, model: Model, shown: string): Model {
  const refuse = refusing(`models.${name}`, shown, 'a network of NetworkBuilder, which ends in its classifier or head');
  const built = (...[input, classes]: Parameters<Model['build']>): Network => {
    const table: unknown = layerTable(model.build(input, classes));
    if (!isLayerTable(table)) return refuse('it has layers, names or taps that no network can have');
    const network = networkFrom(name, table, input);
    return network.classes === classes ? network : refuse(`it has ${network.classes} logits for ${classes} classes`);
  };
  return {
    ...model,
    build: (input, classes) => {
      try {
        return built(input, classes);
      } catch (error) {
        return refuse(error);
      }
    },
  };
}
