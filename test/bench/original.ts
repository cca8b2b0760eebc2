import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { run } from '../../src/api.ts';
import { curveRows } from '../../src/record/curve-rows.ts';
import { holm } from '../../src/report/rows/holm.ts';
import { mean, sampleDeviation } from '../../src/report/rows/statistics.ts';
import { writeImages } from './original/images.ts';
import { sameDistribution, type Curve } from './original/same-distribution.ts';
import { python } from './python.ts';

/** The program's AT finds the last map of mobilenetv2 where the side is a multiple of 32. */
const SIZE = 32;
const EPOCHS = 24;
const SEEDS = 5;
const LR = '1e-3';
/** A class; whole batches of 64, so that means over batches are means over images. */
const IMAGES = { train: 32, val: 32 };
const SETTINGS = ['alone', 'SoftTarget', 'AT'] as const;
/** The program's columns, and ours. */
const CURVES = { loss: 'train_loss', kd_loss: 'kd_loss', test_acc: 'val_accuracy' } as const;

type Setting = (typeof SETTINGS)[number];
type Column = keyof typeof CURVES;
/** Epochs of each seed. */
type Runs = readonly (readonly Readonly<Record<string, number | null>>[])[];

/** All images in train are trained on; pixels are normalised as the program does. */
const pipeline = (meanStd: unknown): string => `name: original
defaults:
  train-teacher: &recipe
    data: '\${stages.images}'
    profile: original
    epochs: ${EPOCHS}
    lr: ${LR}
    augment: autoaugment
    warmup: true
  distill-student: *recipe
stages:
  images:
    uses: dataset
    with: { source: image-folder, root: images, image_size: ${SIZE}, split: { test: 0 }, mean_std: ${JSON.stringify(meanStd)} }
  teacher:
    uses: pretrained
    with: { model: resnet18, from: theirs/teacher.pth }
  alone:
    uses: train-teacher
    seeds: ${SEEDS}
    with: { model: mobilenetv2 }
  student:
    uses: distill-student
    matrix: { zip: { kd_method: [SoftTarget, AT], kd_ratio: [0.7, 100] } }
    seeds: ${SEEDS}
    with: { teacher: '\${stages.teacher}', model: mobilenetv2 }
`;

/** What the script writes. */
interface Theirs {
  readonly torch: string;
  readonly mean_std: unknown;
  readonly curves: Record<Setting, Runs>;
}

/** Trains with the program of the study. */
function theirs(checkout: string, work: string): Theirs {
  const packages =
    'torch torchvision opencv-python-headless grad-cam timm scikit-learn matplotlib prettytable thop rfconv';
  const path = python('original', [...packages.split(' '), 'albumentations', 'pycm']);
  const folder = join(work, 'theirs');
  const numbers = ['--epochs', EPOCHS, '--image-size', SIZE, '--seeds', SEEDS, '--lr', LR].map(String);
  const { status } = spawnSync(
    path,
    ['test/reference/original.py', checkout, join(work, 'images'), folder, ...numbers],
    {
      stdio: 'inherit',
    },
  );
  if (status !== 0) throw new Error('the program of the study failed');
  return JSON.parse(readFileSync(join(folder, 'curves.json'), 'utf8')) as Theirs;
}

/** Trains here. */
async function ours(work: string, meanStd: unknown): Promise<Record<Setting, Runs>> {
  writeFileSync(join(work, 'original.yaml'), pipeline(meanStd));
  const { entries, status } = await run(join(work, 'original.yaml'), { cwd: work });
  if (status !== 'done') throw new Error(`the pipeline ended as ${status}`);
  const of = (setting: Setting): Runs =>
    [...entries]
      .filter(([cell]) => cell.startsWith(setting === 'alone' ? 'alone[' : `student[kd_method=${setting},`))
      .map(([, { path }]) => curveRows(readFileSync(join(path, 'curves.csv'), 'utf8')));
  return { alone: of('alone'), SoftTarget: of('SoftTarget'), AT: of('AT') };
}

function curvesOf(runs: Runs, column: string): readonly Curve[] {
  return runs.map((epochs) => epochs.map((row) => row[column] ?? Number.NaN));
}

/** One curve a seed, of all its columns one after another. */
function joined(columns: readonly (readonly Curve[])[]): readonly Curve[] {
  return Array.from({ length: SEEDS }, (_, seed) => columns.flatMap((curves) => curves[seed] ?? []));
}

function ends(curves: readonly Curve[]): string {
  const last = curves.map((curve) => curve.at(-1) ?? Number.NaN);
  return `${mean(last).toFixed(4)} ± ${(sampleDeviation(last) ?? 0).toFixed(4)}`;
}

/**
 * Trains mobilenetv2 on real images with the program of the original study and by `profile: original`, alone and by two methods from one
 * teacher, and tests whether the curves of both are of one distribution.
 *
 * @param args - `checkout=FOLDER` of pytorch-classifier v1.5; `images=FOLDER` of Fashion-MNIST (Debian's package by default);
 *   `work=FOLDER`, in which what was trained is kept and found again
 * @returns the section
 */
export async function original(args: readonly string[]): Promise<string> {
  const given = (name: string): string | undefined =>
    args.find((word) => word.startsWith(`${name}=`))?.slice(name.length + 1);
  const checkout = given('checkout');
  if (checkout === undefined) throw new Error('checkout=FOLDER: where is pytorch-classifier v1.5?');
  const work = resolve(given('work') ?? mkdtempSync(join(tmpdir(), 'kdpipe-original-')));
  mkdirSync(work, { recursive: true });
  if (!existsSync(join(work, 'images')))
    await writeImages(given('images') ?? '/usr/share/datasets/fashion-mnist', join(work, 'images'), IMAGES);
  const { torch, mean_std: meanStd, curves } = theirs(resolve(checkout), work);
  const trained = await ours(work, meanStd);
  const compared = SETTINGS.map((setting) => {
    const columns = (Object.keys(CURVES) as Column[]).filter((column) => setting !== 'alone' || column !== 'kd_loss');
    const [us, them] = [
      columns.map((column) => curvesOf(trained[setting], CURVES[column])),
      columns.map((column) => curvesOf(curves[setting], column)),
    ];
    return { setting, columns, us, them, p: sameDistribution(joined(us), joined(them)) };
  });
  const corrected = holm(compared.map(({ p }) => p));
  return [
    '## The original program beside `profile: original`',
    '',
    `mobilenetv2 from scratch at ${SIZE}² on ${10 * IMAGES.train} images of Fashion-MNIST, validated on ${10 * IMAGES.val} others, ${EPOCHS} epochs, AutoAugment, warm-up, lr ${LR},`,
    `${SEEDS} seeds each: by pytorch-classifier v1.5 on PyTorch ${torch} (\`test/reference/original.py\`) and by kdpipe, alone and from one resnet18,`,
    'which the program trained. Values are those of the last epoch, mean ± sd. p is of Fisher’s exact permutation test that the whole curves',
    `of a student, all epochs of all its rows, are of one distribution (mean squared distance in pooled variances; ${SEEDS} and ${SEEDS} seeds can give`,
    '0.008 at least), corrected for three tests by Holm’s procedure.',
    '',
    '| student | curve | pytorch-classifier | kdpipe | p | corrected |',
    '| :--- | :--- | ---: | ---: | ---: | ---: |',
    ...compared.flatMap(({ setting, columns, us, them, p }, place) =>
      columns.map((column, row) => {
        const test = row === 0 ? [p.toFixed(3), (corrected[place] ?? 1).toFixed(3)] : ['', ''];
        return `| ${[setting, CURVES[column], ends(them[row] ?? []), ends(us[row] ?? []), ...test].join(' | ')} |`;
      }),
    ),
  ].join('\n');
}
