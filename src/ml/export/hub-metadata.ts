import { isJsonObject, type Json, type JsonObject } from '../../core/json.ts';
import type { Origin } from './origin.ts';

/** Datasets as the Hub calls them, by the source that reads them here. */
const hubDatasets: Readonly<Record<string, { readonly id: string; readonly name: string }>> = {
  'mnist-digits': { id: 'ylecun/mnist', name: 'MNIST' },
  'cifar-10': { id: 'uoft-cs/cifar10', name: 'CIFAR-10' },
  'cifar-100': { id: 'uoft-cs/cifar100', name: 'CIFAR-100' },
};

/** Metrics of a split that the Hub knows, by their names here. */
const hubMetrics: Readonly<Record<string, { readonly type: string; readonly name: string }>> = {
  accuracy: { type: 'accuracy', name: 'Accuracy' },
  top5: { type: 'accuracy', name: 'Top-5 accuracy' },
  macro_f1: { type: 'f1', name: 'Macro F1' },
};

const objectAt = (value: JsonObject | undefined, name: string): JsonObject => {
  const inner = value?.[name];
  return isJsonObject(inner) ? inner : {};
};

/** What the network was trained and scored on: as the Hub calls it, else by the source of its images. */
function datasetOf({ stages }: Origin): { readonly type: string; readonly name: string; readonly id?: string } {
  const { source } = objectAt(stages, 'data');
  const known = typeof source === 'string' && Object.hasOwn(hubDatasets, source) ? hubDatasets[source] : undefined;
  if (known) return { type: known.id, name: known.name, id: known.id };
  const name = typeof source === 'string' ? source : 'unknown';
  return { type: name, name };
}

/** Results of each split, in the form of the Hub's `model-index`. */
function resultsOf(origin: Origin): readonly JsonObject[] {
  const { type, name } = datasetOf(origin);
  return ['val', 'test'].flatMap((split) => {
    const found = objectAt(origin.metrics, split);
    const metrics = Object.entries(hubMetrics).flatMap(([own, metric]): readonly JsonObject[] =>
      typeof found[own] === 'number' ? [{ ...metric, value: found[own] }] : [],
    );
    if (metrics.length === 0) return [];
    const task = { type: 'image-classification', name: 'Image classification' };
    return [{ task, dataset: { type, name, split }, metrics }];
  });
}

/** The types of the metrics of some results, each once. */
const typesOf = (results: readonly JsonObject[]): readonly Json[] => [
  ...new Set(results.flatMap(({ metrics }) => (metrics as readonly JsonObject[]).flatMap(({ type }) => type ?? []))),
];

/**
 * What a model card says to the Hugging Face Hub, by its specification of metadata: licence, library, tags, datasets, the models
 * of the Hub that this one comes from, results.
 *
 * @param model - name of the network
 * @param origin - where it comes from
 * @returns the header of the card
 */
export function hubMetadata(model: string, origin: Origin): JsonObject {
  const { id } = datasetOf(origin);
  const results = resultsOf(origin);
  const { baseModels = [], license = 'unknown' } = origin;
  return {
    license,
    library_name: 'kdpipe',
    pipeline_tag: 'image-classification',
    tags: ['image-classification', 'knowledge-distillation', 'kdpipe', model],
    ...(id !== undefined && { datasets: [id] }),
    ...(results.length > 0 && { metrics: typesOf(results) }),
    ...(baseModels.length > 0 && { base_model: baseModels }),
    ...(results.length > 0 && { 'model-index': [{ name: model, results }] }),
  };
}
