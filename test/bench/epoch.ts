import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { latestRun, readEvents } from '../../src/record/past-runs.ts';
import { uniforms } from '../../src/ml/random/random.ts';
import { jpegOf, photoPixels } from './data/photos.ts';

/** Sizes of CUB-200-2011. */
const [CLASSES, TRAIN, TEST] = [200, 5994, 5794];
const PHOTO = { height: 375, width: 500 };
/** Photos that others are cut from: most are another file. */
const [BASES, BASE] = [16, { height: 450, width: 600 }];

const PIPELINE = `name: birds
defaults:
  train-teacher: { epochs: 1, batch_size: 64, seed: 0 }
  distill-student: { epochs: 1, batch_size: 64, seed: 0 }
stages:
  birds: { uses: dataset, with: { source: image-folder, root: photos, image_size: 224, split: { val: 0, test: 0 } } }
  teacher: { uses: train-teacher, with: { data: "\${stages.birds}", model: mobilenetv2, select: last } }
  student:
    uses: distill-student
    with: { data: "\${stages.birds}", teacher: "\${stages.teacher}", model: shufflenet_v2_x0_5, kd_method: SoftTarget, kd_ratio: 0.5, select: last }
  score: { uses: evaluate, with: { of: "\${stages.student}", data: "\${stages.birds}", splits: [test] } }
`;

async function writePhotos(folder: string, share: number): Promise<number> {
  const bases = Array.from({ length: BASES }, (_, index) => photoPixels(index, BASE));
  const uniform = uniforms(1, 'init', 0, 0);
  let written = 0;
  for (const [split, count] of [
    ['train', TRAIN],
    ['test', TEST],
  ] as const)
    for (let index = 0; index < count * share; index++) {
      const place = join(folder, split, String(index % CLASSES).padStart(3, '0'));
      mkdirSync(place, { recursive: true });
      const left = Math.floor(uniform() * (BASE.width - PHOTO.width));
      const top = Math.floor(uniform() * (BASE.height - PHOTO.height));
      const pixels = bases[Math.floor(uniform() * BASES)] ?? new Uint8Array();
      writeFileSync(join(place, `${index}.jpg`), await jpegOf(pixels, BASE, { ...PHOTO, left, top }));
      written++;
    }
  return written;
}

/** What a stage's manifest says. */
interface Told {
  readonly cell: string;
  readonly seconds: number;
  readonly metrics: Readonly<Record<string, unknown>>;
}

function manifestsIn(folder: string): readonly Told[] {
  const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) =>
    path.endsWith('manifest.json'),
  );
  return paths.map((path) => JSON.parse(readFileSync(join(folder, path), 'utf8')) as Told);
}

/** The last row of metrics that a training told. */
function lastRow(runs: string, cell: string): Readonly<Record<string, unknown>> {
  const record = latestRun(runs, 'birds');
  const told = record === undefined ? [] : readEvents(record);
  const row = told.findLast((event) => event.type === 'stage-metric' && event.cell === cell);
  return row?.type === 'stage-metric' ? row.row : {};
}

const percent = (part: unknown): string => (typeof part === 'number' ? `${(100 * part).toFixed(1)} %` : '');

/**
 * A study of one epoch on photos as many and as large as those of CUB-200-2011, from files to a score, by the built command line:
 * where the time goes.
 *
 * @param args - `share=0.1` for a tenth of the photos, `engine=native`
 * @returns a Markdown section
 */
export async function epoch(args: readonly string[]): Promise<string> {
  const given = (name: string): string | undefined =>
    args.find((word) => word.startsWith(`${name}=`))?.slice(name.length + 1);
  const folder = mkdtempSync(join(tmpdir(), 'kdpipe-bench-birds-'));
  try {
    const photos = await writePhotos(join(folder, 'photos'), Number(given('share') ?? 1));
    writeFileSync(join(folder, 'birds.yaml'), PIPELINE);
    const before = (loadavg()[0] ?? NaN).toFixed(1);
    const engine = given('engine') ?? 'native';
    const sets = ['teacher', 'student', 'score'].flatMap((stage) => ['-S', `${stage}.with.engine=${engine}`]);
    const started = performance.now();
    const { status, stderr } = spawnSync(
      'node',
      [resolve('dist/cli/main.js'), 'run', 'birds.yaml', '-j', '1', ...sets],
      {
        ...{ cwd: folder, encoding: 'utf8', env: { ...process.env, CI: '1' } },
      },
    );
    if (status !== 0) throw new Error(stderr);
    const minutes = (performance.now() - started) / 60_000;
    const told = manifestsIn(join(folder, 'runs/.store'));
    const rows = ['birds', 'teacher', 'student', 'score'].map((cell) => {
      const { seconds = NaN, metrics = {} } = told.find((one) => one.cell === cell) ?? {};
      const row = lastRow(join(folder, 'runs'), cell);
      const rate = Number(metrics['images_per_second'] ?? NaN);
      const speed = Number.isNaN(rate) ? (cell === 'birds' ? (photos / seconds).toFixed(0) : '') : rate.toFixed(0);
      return `| ${cell} | ${seconds.toFixed(1)} | ${speed} | ${percent(row['waiting_for_images'])} | ${percent(row['bringing_images'])} |`;
    });
    return [
      '## One epoch on a set as large as CUB-200-2011, end to end',
      '',
      `${photos} generated JPEGs of ${PHOTO.width}×${PHOTO.height} in ${CLASSES} classes: packed, mobilenetv2 trained for one epoch at 224², shufflenet_v2_x0_5`,
      `distilled from it for one epoch, its test split scored; engine ${engine}, batches of 64. ${minutes.toFixed(1)} minutes for all. Load average of the machine before: ${before}.`,
      '',
      '| stage | seconds | images/s | of a step: images are made | and brought |',
      '| :-- | --: | --: | --: | --: |',
      ...rows,
    ].join('\n');
  } finally {
    rmSync(folder, { recursive: true });
  }
}
