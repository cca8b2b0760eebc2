import type { JsonObject } from '../core/json.ts';
import type { Augmentation } from './augment/augmentation.ts';
import { mixings, type Mixing } from './augment/mix.ts';
import { augmentations } from './augment/registry.ts';
import { datasets } from './data/registry.ts';
import type { DatasetSource } from './data/source.ts';
import type { EngineEntry } from './engines/engine.ts';
import { engines } from './engines/registry.ts';
import type { SupervisedLoss } from './losses/loss.ts';
import type { ExportFormat } from './export/export-format.ts';
import { exportFormats } from './export/registry.ts';
import { losses } from './losses/registry.ts';
import { methods } from './methods/registry.ts';
import type { KdMethod } from './methods/kd-method.ts';
import { kdRatio } from './methods/terms/kd-weight.ts';
import { CLASSIFIER } from './methods/terms/taps.ts';
import { LAST_MAP } from './network/last-map.ts';
import { metrics, teacherMetrics, type Metric, type TeacherMetric } from './metrics/registry.ts';
import type { Model } from './models/model.ts';
import { models } from './models/registry.ts';
import { costOf } from './network/cost.ts';
import type { Plugin } from './plugins/plugin.ts';

/** Turns the entries of a registry into facts. */
function factsOf<Entry>(
  registry: Readonly<Record<string, Entry>>,
  facts: (entry: Entry, name: string) => JsonObject,
): Record<string, JsonObject> {
  return Object.fromEntries(Object.entries(registry).map(([name, entry]) => [name, facts(entry, name)]));
}

/** Parameters and MACs are those of the experiments that the model is known by. */
function modelFacts(model: Model): JsonObject {
  const { summary, source, minimumSize, blocks, dropout, pretrained = null } = model;
  const { side, classes } = model.nominal;
  const network = model.build({ height: side, width: side, channels: 3 }, classes);
  const { parameters, macs } = costOf(network);
  const stochasticDepth = network.layers.some(({ kind }) => kind === 'stochastic-depth');
  return {
    summary,
    source,
    minimumSize,
    blocks,
    dropout,
    stochasticDepth,
    pretrained,
    parameters,
    macs,
    side,
    classes,
  };
}

/** What it is, and whose. */
const described = ({ summary, source }: Augmentation | Mixing | SupervisedLoss): JsonObject => ({ summary, source });

const metricFacts = ({ summary, share = false }: Metric): JsonObject => ({ summary, share, teacher: false });

/** Whatever a method may read. */
const EVERY_TAP = ['block1', 'block2', 'block3', 'block4', 'pooled', 'logits', LAST_MAP, CLASSIFIER];

/**
 * `logits`: it reads nothing else of a teacher, so that several can be averaged; `published`: a weight that others have used,
 * what that is beside a supervised loss whose weight is 1 (`relative`), and the `kd_ratio` that makes it; `joins`: its student holds a
 * part of its teacher.
 */
function methodFacts(method: KdMethod): JsonObject {
  const { source, synonyms, weighting, published, relational = false, revision = 0, options } = method;
  const { teacher } = method.taps({}, { teacher: EVERY_TAP, student: EVERY_TAP });
  const logits = teacher.every((tap) => tap === 'logits');
  // Of a term that stands alone there is neither.
  const relative = published && published.ceWeight !== 0 ? published.weight / (published.ceWeight ?? 1) : undefined;
  const beside = relative !== undefined && { relative, ratio: kdRatio(relative, weighting) };
  const weight = published && { published: { ...published, ...beside } };
  return {
    source,
    ...(synonyms && { synonyms }),
    weighting,
    ...weight,
    relational,
    logits,
    ...(method.network && { joins: true }),
    options,
    ...(revision > 0 && { revision }),
  };
}

/**
 * What the runner half may know of a plugin: as {@link mlCatalogue}, of what it adds.
 *
 * @param plugin - as it was loaded
 * @returns registry → name → facts
 */
export function pluginCatalogue(plugin: Plugin): Record<string, Record<string, JsonObject>> {
  return {
    methods: factsOf<KdMethod>(plugin.methods ?? {}, methodFacts),
    losses: factsOf<SupervisedLoss>(plugin.losses ?? {}, described),
    models: factsOf<Model>(plugin.models ?? {}, modelFacts),
    metrics: factsOf<Metric>(plugin.metrics ?? {}, metricFacts),
    augmentations: factsOf<Augmentation>(plugin.augmentations ?? {}, described),
  };
}

/** `archive`: what its publisher offers, so that it can be looked for, asked for and fetched. */
function sourceFacts(source: DatasetSource): JsonObject {
  const { summary, decodes, archive, official = false, boxes = false, folders = false } = source;
  return { summary, decodes, official, boxes, folders, ...(archive && { archive: { ...archive } }) };
}

/**
 * What the runner half may know of the ml half: names in every registry and facts about each, as JSON.
 * `npm run build:schemas` stores it in `schemas/catalogue.json`.
 *
 * @returns registry → name → facts
 */
export function mlCatalogue(): Record<string, Record<string, JsonObject>> {
  return {
    models: factsOf<Model>(models, modelFacts),
    methods: factsOf<KdMethod>(methods, methodFacts),
    datasets: factsOf<DatasetSource>(datasets, sourceFacts),
    losses: factsOf<SupervisedLoss>(losses, described),
    augmentations: factsOf<Augmentation>(augmentations, described),
    mixings: factsOf<Mixing>(mixings, described),
    metrics: {
      ...factsOf<Metric>(metrics, metricFacts),
      ...factsOf<TeacherMetric>(teacherMetrics, ({ summary, share = false }) => ({ summary, share, teacher: true })),
    },
    engines: factsOf<EngineEntry>(engines, ({ summary }) => ({ summary })),
    exports: factsOf<ExportFormat>(exportFormats, ({ summary, file }) => ({ summary, file })),
  };
}
