import { fail } from '../../core/failure.ts';
import type { Interpolation } from '../augment/resize.ts';
import type { PackedManifest } from '../data/packed.ts';
import type { ChannelStatistics } from '../data/statistics.ts';

/** What a network's pictures have to be like, as far as its weights say it; timm calls it a data config. */
export interface InputConfig {
  /** Mean and standard deviation that pixels are normalised by. */
  readonly statistics?: ChannelStatistics | undefined;
  /** Side of the network's input in evaluation, in pixels. */
  readonly imageSize?: number | undefined;
  readonly interpolation?: Interpolation | undefined;
  /** Side of the centre crop by the shorter side of the resized picture: timm's `crop_pct`. */
  readonly crop?: number | undefined;
}

/** The part of a dataset that decides what a network sees. */
type Shown = Pick<PackedManifest, 'imageSize' | 'mean' | 'std' | 'interpolation' | 'cropPct'>;

const statisticsText = ({ mean, std }: ChannelStatistics): string => `mean ${mean.join()}, std ${std.join()}`;

/**
 * What a network's pictures are normalised by.
 *
 * @param input - of the network
 * @param data - the dataset
 * @returns its own statistics where its weights say them, else the dataset's
 */
export const statisticsFor = ({ statistics }: InputConfig, { mean, std }: Shown): ChannelStatistics =>
  statistics ?? { mean, std };

/**
 * Says where a network is shown pictures that are normalised in another way than their dataset says.
 *
 * @param input - of the network
 * @param data - the dataset
 * @param role - what messages call the network
 * @returns the sentence; undefined where there is nothing to say
 */
export function normalisationNote(input: InputConfig, data: Shown, role: string): string | undefined {
  const [own, theirs] = [statisticsText(statisticsFor(input, data)), statisticsText(data)];
  return own === theirs
    ? undefined
    : `${role} is shown images normalised by its own ${own}; mean_std of the dataset is ${theirs}`;
}

/**
 * Refuses pictures that were resized or cropped in another way than the weights want: no normalisation mends that.
 *
 * @param input - of the network
 * @param data - the dataset
 * @param role - what messages call the network
 * @throws FailureError `other-input`
 */
export function requireSameInput(input: InputConfig, data: Shown, role: string): void {
  const compared = [
    ['image_size', input.imageSize, 'image_size', data.imageSize],
    ['interpolation', input.interpolation, 'interpolation', data.interpolation ?? 'bilinear'],
    ['crop', input.crop, 'crop_pct', data.cropPct ?? 1],
  ] as const;
  for (const [name, wanted, theirs, given] of compared) {
    if (wanted === undefined || wanted === given) continue;
    fail({
      code: 'other-input',
      message: `${role} wants ${name}: ${wanted}, and the dataset has ${theirs}: ${given}`,
      expected: 'images as the weights want them',
      fix: `give the dataset ${theirs}: ${wanted}, or remove ${name} from the pretrained stage to take images as they are`,
    });
  }
}

/**
 * Refuses a network that would have to see other pixels than the one beside it, which sees the dataset's.
 *
 * @param input - of the network
 * @param data - the dataset
 * @param role - what messages call the network
 * @throws FailureError `other-normalisation`
 */
export function requireSameStatistics(input: InputConfig, data: Shown, role: string): void {
  const [own, theirs] = [statisticsText(statisticsFor(input, data)), statisticsText(data)];
  if (own === theirs) return;
  fail({
    code: 'other-normalisation',
    message: `${role} was trained on images normalised by ${own}`,
    expected: `the dataset's ${theirs}`,
    fix: 'give the dataset the mean_std of its teacher, as numbers; or train the teacher on this dataset',
  });
}
