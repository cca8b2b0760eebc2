import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { fail } from '../../core/failure.ts';
import type { TrainedModel } from '../inference/trained-model.ts';
import type { ExportFormat, Images } from './export-format.ts';
import { modelCard } from './model-card.ts';
import type { Origin } from './origin.ts';
import { ownLogits } from './own-logits.ts';
import { exportFormats, type ExportFormatName } from './registry.ts';
import { writeFiles } from './write-files.ts';

/** What an export may differ by, by the largest logit: float32 rounded in another order. */
const TOLERANCE = 1e-3;

/** What is exported, and how. */
export interface Export {
  readonly model: TrainedModel;
  /** At least one. */
  readonly formats: readonly ExportFormatName[];
  /** Absolute path of the folder for the files of all formats; they replace those of the same names. */
  readonly folder: string;
  /** What the check shows to both. */
  readonly images: Images;
  /** Where the network comes from, for its card. */
  readonly origin: Origin;
}

/** A format that was written, and what the check found. */
export type Exported = { readonly format: ExportFormatName; readonly files: readonly string[] } & (
  | {
      /** Who computed the exported network. */
      readonly by: string;
      /** Number of images that both were shown. */
      readonly images: number;
      /** Largest difference of a logit, by the largest logit. */
      readonly difference: number;
    }
  /** Why nobody could: a half sentence. */
  | { readonly unchecked: string }
);

const largest = (values: Float64Array): number => values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);

/** Difference of two sets of logits, by the largest one that is expected; infinite where one is no number. */
function differenceOf(found: ArrayLike<number>, expected: ArrayLike<number>): number {
  const apart = Float64Array.from(found, (value, at) => value - (expected[at] ?? NaN));
  if (found.length !== expected.length || apart.some(Number.isNaN)) return Infinity;
  return largest(apart) / Math.max(largest(Float64Array.from(expected)), Number.MIN_VALUE);
}

/** The first of many images. */
function firstImages({ count, values }: Images, most: number): Images {
  const shown = Math.min(count, most);
  return { count: shown, values: values.subarray(0, (values.length / count) * shown) };
}

/** Logits of the network itself. */
type Expected = Awaited<ReturnType<typeof ownLogits>>;

/** Writes one format, and shows the images to it. */
async function exportAs(
  format: ExportFormatName,
  { model, folder, images }: Export,
  expected: Expected,
): Promise<Exported> {
  const { file, files, logits, mostShown = Infinity }: ExportFormat = exportFormats[format];
  const written = files(model);
  writeFiles(folder, written);
  const told = { format, files: [...written.keys()] };
  const shown = firstImages(images, mostShown);
  const found = await logits(folder, model, shown);
  if ('unavailable' in found) return { ...told, unchecked: found.unavailable };
  const difference = differenceOf(found.values, expected.values.subarray(0, shown.count * model.network.classes));
  if (difference <= TOLERANCE) return { ...told, by: found.by, images: shown.count, difference };
  for (const name of [...told.files, file]) rmSync(join(folder, name), { recursive: true, force: true });
  return fail({
    code: 'export-differs',
    message: `${found.by} gives other logits for the exported ${model.network.model}: they differ by ${difference.toExponential(1)} of the largest one`,
    expected: `what ${expected.by} gives, to ${TOLERANCE}`,
    fix: 'the weights are not at fault: report it, with the model and these versions',
  });
}

/**
 * Writes a network and its card for use elsewhere, and has it computed by a program of each kind where one is here: what gives
 * other logits is no export, and is removed.
 *
 * @param wanted - network, formats, folder
 * @returns for each format who has checked it, and how far its logits are from those of the network
 * @throws FailureError `export-differs`
 */
export async function exportModel(wanted: Export): Promise<readonly Exported[]> {
  const expected = await ownLogits(wanted.model, wanted.images);
  const exported: Exported[] = [];
  for (const format of wanted.formats) exported.push(await exportAs(format, wanted, expected));
  const files = exported.flatMap((one) => one.files);
  writeFiles(wanted.folder, new Map([['README.md', modelCard(wanted.model, wanted.origin, files)]]));
  return exported;
}
