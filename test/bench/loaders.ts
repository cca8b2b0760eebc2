import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { create } from 'tar';
import { batchLoaderFor } from '../../src/ml/data/batch-loader-for.ts';
import type { TrainOptions } from '../../src/ml/data/train-batches.ts';
import { openPacked } from '../../src/ml/data/open.ts';
import { pack } from '../../src/ml/data/pack.ts';
import type { Keep } from '../../src/ml/data/packed.ts';
import { imageFolder } from '../../src/ml/data/sources/image-folder.ts';
import { fileSize } from '../../src/util/file-size.ts';
import { jpegOf, photoPixels } from './data/photos.ts';
import { python } from './python.ts';
import { unchanged } from '../support/train-options.ts';

const SIDE = 224;
const BATCH = 64;
const IMAGES = 512;
const CLASSES = 8;
/** Timed passes over the set; the fastest counts. */
const EPOCHS = 2;
/** Shorter and longer side of the photos, as in ImageNet. */
const SIZE = { height: 375, width: 500 };

const OPTIONS: TrainOptions = {
  ...unchanged,
  ...{ batchSize: BATCH, seed: 0, crop: 'random', flip: true },
};

/** Writes the photos as a folder a class, and as tar files of webdataset. Returns their bytes. */
async function writePhotos(folder: string): Promise<number> {
  let bytes = 0;
  const flat = join(folder, 'flat');
  mkdirSync(flat);
  mkdirSync(join(folder, 'shards'));
  const names: string[] = [];
  for (let index = 0; index < IMAGES; index++) {
    const label = index % CLASSES;
    const photograph = await jpegOf(photoPixels(index, SIZE), SIZE);
    bytes += photograph.length;
    mkdirSync(join(folder, `in/${label}`), { recursive: true });
    const name = String(index).padStart(6, '0');
    writeFileSync(join(folder, `in/${label}/${name}.jpg`), photograph);
    writeFileSync(join(flat, `${name}.jpg`), photograph);
    writeFileSync(join(flat, `${name}.cls`), String(label));
    names.push(`${name}.cls`, `${name}.jpg`);
  }
  const half = names.length / 2;
  for (const part of [0, 1])
    await create({ cwd: flat, file: join(folder, `shards/${part}.tar`) }, names.slice(part * half, (part + 1) * half));
  return bytes;
}

async function packInto(folder: string, keep: Keep): Promise<void> {
  const set = await imageFolder.open(join(folder, 'in'));
  const options = {
    imageSize: SIDE,
    split: { val: 0, test: 0, seed: 0, limit: {} },
    meanStd: 'imagenet',
    onBadImage: 'fail',
    interpolation: 'bilinear',
    cropPct: 1,
    keep,
    threads: 2,
  } as const;
  const { signal } = new AbortController();
  await pack(set, join(folder, keep), options, { signal, progress: () => undefined, warn: () => undefined });
}

/** Images a second of the fastest pass but the first. */
async function rateOf(folder: string, threads: number): Promise<number> {
  const data = openPacked(folder);
  const loader = batchLoaderFor(data, folder, OPTIONS, { threads, takesPixels: false });
  let best = 0;
  for (let epoch = 0; epoch <= EPOCHS; epoch++) {
    const started = performance.now();
    for (let batch = 0; batch < loader.count; batch++) await loader.take(epoch, batch);
    if (epoch > 0) best = Math.max(best, (1000 * IMAGES) / (performance.now() - started));
  }
  await loader.close();
  data.close();
  return best;
}

function peers(folder: string): Readonly<Record<string, number>> {
  const file = join(folder, 'case.json');
  const shards = join(folder, 'shards');
  writeFileSync(file, JSON.stringify({ folder: join(folder, 'in'), shards, side: SIDE, batch: BATCH, epochs: EPOCHS }));
  const ended = spawnSync(python(), ['test/bench/data/loaders.py', file], { encoding: 'utf8' });
  if (ended.status !== 0) throw new Error(ended.stderr);
  return JSON.parse(ended.stdout.trim().split('\n').at(-1) ?? '') as Record<string, number>;
}

/** What the peers are, by the names that they are reported by. */
const PEERS: Readonly<Record<string, string>> = {
  ImageFolder: 'ImageFolder + DataLoader',
  webdataset: 'webdataset + WebLoader',
  litdata: 'litdata + StreamingDataLoader',
};

const rounded = (speed: number): string => String(Number(speed.toPrecision(3)));

/**
 * Images a second of loaders of image files, from the file to a normalised batch.
 *
 * @returns a Markdown section
 */
export async function loaders(): Promise<string> {
  const load = (loadavg()[0] ?? NaN).toFixed(1);
  const folder = mkdtempSync(join(tmpdir(), 'kdpipe-bench-loaders-'));
  try {
    const bytes = await writePhotos(folder);
    for (const keep of ['decoded', 'encoded'] as const) await packInto(folder, keep);
    const rows: [string, number][] = [
      ['kdpipe, keep: decoded', await rateOf(join(folder, 'decoded'), 1)],
      ['kdpipe, keep: encoded, 1 thread', await rateOf(join(folder, 'encoded'), 1)],
      ['kdpipe, keep: encoded, 2 threads', await rateOf(join(folder, 'encoded'), 2)],
      ...Object.entries(peers(folder)).map(([name, rate]): [string, number] => [
        `${PEERS[name.slice(0, -2)] ?? name}, workers: ${name.at(-1) ?? ''}`,
        rate,
      ]),
    ];
    return [
      '## Loaders of image files',
      '',
      `${IMAGES} generated JPEGs of ${SIZE.width}×${SIZE.height}, ${fileSize(bytes / IMAGES)} each, to batches of ${BATCH} at ${SIDE}²: shorter side to ${Math.trunc(SIDE * 1.1)}, random`,
      'crop, flip, normalise; images a second. The faster of two passes after a first one, files in the page cache; kdpipe decodes with',
      'sharp, whose threads it shares, and resizes in its own threads. All others are Pillow (one process a worker); webdataset reads two',
      'tar files, litdata files as they are in chunks of 16 MB. ffcv does not install (its build wants OpenCV).',
      `Load average of the machine before: ${load}.`,
      '',
      '| loader | images/s |',
      '| --- | ---: |',
      ...rows.map(([name, rate]) => `| ${name} | ${rounded(rate)} |`),
    ].join('\n');
  } finally {
    rmSync(folder, { recursive: true });
  }
}
