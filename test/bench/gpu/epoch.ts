import { randomFillSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ImageForm } from '../../../src/ml/data/batches.ts';
import type { DecodedSplit, PackedDataset } from '../../../src/ml/data/packed.ts';
import { trainSize } from '../../../src/ml/data/views.ts';
import type { ModelName } from '../../../src/ml/models/registry.ts';
import type { EpochPace } from '../../../src/ml/train/job.ts';
import { train } from '../../support/training-job.ts';

/** What is trained on. */
export interface EpochCase {
  readonly model: ModelName;
  readonly side: number;
  readonly batch: number;
  readonly batches: number;
}

const FORMS: Readonly<Record<ImageForm, string>> = {
  squares: 'pictures stay there',
  pixels: 'pixels, made in between',
  normalised: 'normalised, made in between',
};

/** A set of noise whose pixels lie in a file. */
function generated(folder: string, { side, batch, batches }: EpochCase): PackedDataset {
  const [size, count] = [trainSize(side), batch * batches];
  const picture = size * size * 3;
  const pixels = randomFillSync(new Uint8Array(count * picture));
  const path = join(folder, 'pixels');
  writeFileSync(path, pixels);
  const index = Float64Array.from({ length: 3 * count }, (_, i) => (i % 3 ? size : (i / 3) * picture));
  const splitOf = (images: number): DecodedSplit => ({
    keep: 'decoded',
    count: images,
    labels: Int32Array.from({ length: images }, (_, k) => k % 2),
    names: Array.from({ length: images }, (_, k) => `${k}`),
    image: (_, k) => ({ pixels: pixels.subarray(k * picture, (k + 1) * picture), height: size, width: size }),
    size: () => ({ height: size, width: size }),
    file: () => ({ path, bytes: pixels.length, index }),
  });
  const [all, none] = [splitOf(count), splitOf(0)];
  const empty = { count: 0, perClass: [0, 0] };
  return {
    manifest: {
      ...{ format: 1, classes: ['a', 'b'], imageSize: side, trainSize: size },
      ...{ mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25] },
      splits: { train: { count, perClass: [count / 2, count / 2] }, val: empty, test: empty },
    },
    split: (name) => (name === 'train' ? all : none),
    close: () => undefined,
  };
}

/**
 * Trains on a generated set, its images brought in each way, and says where the time of an epoch went.
 *
 * @param of - network and set
 * @returns lines of a Markdown table, of the second epoch
 */
export async function epochTable(of: EpochCase): Promise<readonly string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'kdpipe-bench-epoch-'));
  try {
    const data = generated(folder, of);
    const recipe = { batch_size: of.batch, epochs: 2, augment: 'none', mixup: 'none' } as const;
    const lines: string[] = [];
    for (const form of Object.keys(FORMS) as ImageForm[]) {
      const paces: EpochPace[] = [];
      const ends: number[] = [];
      const epoch = (_: unknown, pace: EpochPace): void => void (paces.push(pace), ends.push(performance.now()));
      await train({ data, engine: 'pytorch', model: of.model, recipe, form, change: { epoch } });
      const [first = NaN, second = NaN] = ends;
      const { waiting, bringing } = paces[1] ?? { waiting: NaN, bringing: NaN };
      const step = (second - first) / of.batches;
      const parts = [waiting, bringing, 1 - waiting - bringing].map((part) => `${(100 * part).toFixed(1)} %`);
      lines.push(`| ${FORMS[form]} | ${step.toFixed(1)} | ${parts.join(' | ')} |`);
    }
    return [
      `${of.model} ${of.side}² b${of.batch}, ${of.batch * of.batches} pictures of noise, crop and mirror:`,
      '',
      '| images | step (ms) | images are made | and brought | step itself |',
      '| :-- | --: | --: | --: | --: |',
      ...lines,
    ];
  } finally {
    rmSync(folder, { recursive: true });
  }
}
