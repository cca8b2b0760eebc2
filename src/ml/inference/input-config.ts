import { fail } from '../../core/failure.ts';
import type { PackedManifest } from '../data/packed.ts';
import type { ChannelStatistics } from '../data/statistics.ts';

/** What a network's pictures have to be like, as far as its weights say it; timm calls it a data config. */
export interface InputConfig {
  /** Mean and standard deviation that pixels are normalised by. */
  readonly statistics?: ChannelStatistics | undefined;
  /** Side of the network's input in evaluation, in pixels. */
  readonly imageSize?: number | undefined;
  readonly interpolation?: string | undefined;
  /** Side of the centre crop by the shorter side of the resized picture: timm's `crop_pct`. */
  readonly crop?: number | undefined;
}

/** The part of a dataset that decides what a network sees. */
type Shown = Pick<PackedManifest, 'imageSize' | 'mean' | 'std'>;

const statisticsText = ({ mean, std }: ChannelStatistics): string => `mean ${mean.join()}, std ${std.join()}`;

/** How datasets are resized and cropped for evaluation: `ml/data/pack.ts`. */
const PACKED = { interpolation: 'bilinear', crop: 1 } as const;

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
  const given = { image_size: data.imageSize, ...PACKED };
  const wanted = { image_size: input.imageSize, interpolation: input.interpolation, crop: input.crop };
  for (const name of ['image_size', 'interpolation', 'crop'] as const) {
    if (wanted[name] === undefined || wanted[name] === given[name]) continue;
    fail({
      code: 'other-input',
      message: `${role} wants ${name}: ${wanted[name]}, and the dataset has ${name}: ${given[name]}`,
      expected: 'images as the weights want them',
      fix: `write ${name}: ${given[name]} in the pretrained stage to take them as they are, or pack the dataset so`,
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
