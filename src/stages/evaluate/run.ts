import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { JsonObject } from '../../core/json.ts';
import { openPacked } from '../../ml/data/open.ts';
import type { PackedDataset, Split } from '../../ml/data/packed.ts';
import { fail } from '../../core/failure.ts';
import type { Session } from '../../ml/engines/engine.ts';
import { classification, type Scores } from '../../ml/metrics/classification.ts';
import { confusionTable, perClassTable, predictionTable, type Measured } from '../../ml/metrics/tables.ts';
import { costOf } from '../../ml/network/cost.ts';
import { passes, predict, type Augmentation } from '../../ml/train/predict.ts';
import { every } from '../../ml/train/pace.ts';
import { sharedEngine } from '../../ml/train/shared-engine.ts';
import { networkFor, readModel, requireSameClasses, type TrainedModel } from '../../ml/train/trained-model.ts';
import { inputOf, StageInterrupted, type StageContext, type StageOutcome } from '../stage-kind.ts';

/** Parameters of the stage, as the kind's schema has checked and completed them. */
interface Params {
  readonly splits: readonly Split[];
  readonly tta: readonly Augmentation[];
  readonly batch_size: number;
  readonly engine: 'auto' | 'wasm' | 'reference';
}

/** What is measured with what. */
interface Measurement {
  readonly context: StageContext;
  readonly params: Params;
  readonly data: PackedDataset;
  readonly model: TrainedModel;
  readonly session: Session;
}

/** Tells progress over all splits and augmentations. */
function progressOf({ context, params, data }: Measurement): (images: number) => void {
  const pairs = params.splits.flatMap((split) => params.tta.map((tta) => passes(data.split(split), tta)));
  const total = pairs.reduce((sum, images) => sum + images, 0);
  const started = performance.now();
  const due = every(250);
  let done = 0;
  return (images) => {
    done += images;
    if (!due()) return;
    const imagesPerSecond = (1000 * done) / (performance.now() - started);
    const eta = (total - done) / imagesPerSecond;
    context.tell({ type: 'progress', unit: 'images', done, total, imagesPerSecond, eta });
  };
}

async function measure(measurement: Measurement): Promise<readonly Measured[]> {
  const { context, params, data, model, session } = measurement;
  const told = progressOf(measurement);
  const measured: Measured[] = [];
  // The network's own normalisation, at the dataset's size.
  const format = { ...model.format, imageSize: data.manifest.imageSize };
  for (const name of params.splits) {
    const split = data.split(name);
    for (const tta of params.tta) {
      const options = { format, batchSize: params.batch_size, tta, signal: context.signal, told };
      const logits = await predict(session, split, options);
      if (!logits) throw new StageInterrupted();
      const predictions = { logits, labels: split.labels, classes: model.classes.length };
      measured.push({ split: name, tta, names: split.names, predictions, result: classification(predictions) });
    }
  }
  return measured;
}

/** `{ test: { accuracy, …, tta: { accuracy, … } } }`. */
function metricsOf(measured: readonly Measured[], cost: { parameters: number; macs: number }): JsonObject {
  const splits: Record<string, JsonObject> = {};
  for (const { split, tta, result } of measured) {
    const scores: JsonObject = { ...(result.scores satisfies Scores) };
    splits[split] = { ...splits[split], ...(tta === 'none' ? scores : { tta: scores }) };
  }
  return { ...splits, parameters: cost.parameters, macs: cost.macs };
}

function requireImages(data: PackedDataset, splits: readonly Split[]): void {
  const empty = splits.filter((split) => data.manifest.splits[split].count === 0);
  const full = (['train', 'val', 'test'] as const).filter((split) => data.manifest.splits[split].count > 0);
  if (empty.length === 0) return;
  fail({
    code: 'empty-split',
    message: `the dataset has no ${empty.join(' and no ')} images`,
    expected: `splits among ${full.join(', ')}`,
    fix: `write splits: [${full.join(', ')}], or split the dataset differently`,
  });
}

/**
 * Measures a network and writes metrics, scores of each class, confusion matrices and predictions.
 *
 * @param context - the running stage
 * @returns the metrics
 * @throws FailureError when the network and the dataset do not fit
 * @throws StageInterrupted when the signal was aborted; the next run starts over
 */
export async function run(context: StageContext): Promise<StageOutcome> {
  const params = context.params as unknown as Params;
  const data = openPacked(inputOf(context, 'data').path);
  const engine = sharedEngine(params.engine, context.threads);
  const model = readModel(inputOf(context, 'of').path);
  requireSameClasses(model, data.manifest, 'the network');
  requireImages(data, params.splits);
  const network = networkFor(model.network.model, data.manifest);
  const session = engine.session(network, { optimizer: null, threads: context.threads });
  try {
    session.write(model.state);
    const measured = await measure({ context, params, data, model, session });
    const metrics = metricsOf(measured, costOf(network));
    const write = (file: string, text: string): void => writeFileSync(join(context.out, file), text);
    write('metrics.json', `${JSON.stringify(metrics, null, 2)}\n`);
    write('per-class.csv', perClassTable(measured, model.classes));
    write('confusion.csv', confusionTable(measured, model.classes));
    write('predictions.csv', predictionTable(measured, model.classes));
    return { metrics, environment: { engine: { name: engine.name, ...engine.description } } };
  } finally {
    session.dispose();
    data.close();
  }
}
