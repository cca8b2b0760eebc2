import { fail } from '../../core/failure.ts';
import { at } from '../../util/at.ts';
import { permutation } from '../random/random.ts';
import type { Split } from './packed.ts';
import type { ClassAdvice } from './source.ts';

/** How images are cut into splits. */
export interface SplitOptions {
  /** Fraction of what the test split leaves, in [0, 1). Unused where the source has its own validation images. */
  readonly val: number;
  /** Fraction of all, in [0, 1). Unused where the source has its own test images. */
  readonly test: number;
  /** Seed of the shuffles, any integer. */
  readonly seed: number;
  /** Most images a split may have, taken evenly from the classes; unlimited where absent. */
  readonly limit: Readonly<Partial<Record<Split, number>>>;
}

/** What the rule needs to know of an image. */
export interface Labelled {
  readonly label: number;
  readonly split?: 'val' | 'test';
}

/** All splits, in the order in which they are written. */
export const SPLITS: readonly Split[] = ['train', 'val', 'test'];

/** The part of n that a fraction stands for; a product a rounding error below an integer counts as that integer. */
function part(fraction: number, n: number): number {
  return Math.floor(fraction * n + 1e-9);
}

function shuffle(items: readonly number[], seed: number, step: number): number[] {
  return Array.from(permutation(items.length, seed, 'split', step), (position) => at(items, position));
}

/**
 * Shares a total out over classes: as even as the classes' sizes allow, earlier classes get the odd ones.
 *
 * @param available - images of each class
 * @param total - images wanted
 * @returns images to take of each class; their sum is the smaller of `total` and what there is
 */
export function evenShares(available: readonly number[], total: number): number[] {
  const shares = available.map(() => 0);
  let left = Math.min(
    total,
    available.reduce((sum, count) => sum + count, 0),
  );
  while (left > 0) {
    const open = available.flatMap((count, label) => (count > at(shares, label) ? [label] : []));
    const each = Math.max(1, Math.floor(left / open.length));
    for (const label of open) {
      const more = Math.min(each, at(available, label) - at(shares, label), left);
      shares[label] = at(shares, label) + more;
      left -= more;
    }
  }
  return shares;
}

/** Per class: the shuffled images of each split, before limits. */
function cutClass(images: readonly Labelled[], of: readonly number[], label: number, rule: SplitOptions) {
  const own = (split: 'val' | 'test'): number[] => of.filter((image) => images[image]?.split === split);
  const pool = shuffle(
    of.filter((image) => images[image]?.split === undefined),
    rule.seed,
    3 * label,
  );
  const tests = part(rule.test, pool.length);
  const vals = part(rule.val, pool.length - tests);
  return {
    test: [...pool.slice(0, tests), ...shuffle(own('test'), rule.seed, 3 * label + 1)],
    val: [...pool.slice(tests, tests + vals), ...shuffle(own('val'), rule.seed, 3 * label + 2)],
    train: pool.slice(tests + vals),
  };
}

/**
 * Cuts a labelled set into disjoint splits: per class a seeded shuffle, then test = floor(test · n) images, then
 * val = floor(val · rest), then train. Images that belong to a split already stay there, and no others join them.
 * A smaller limit takes a subset of what a larger one takes.
 *
 * @param images - label and own split of every image
 * @param classes - names of the classes
 * @param options - fractions, seed, limits
 * @param advice - how the user mends what is wrong with the classes
 * @returns indices of the images of each split, ascending
 * @throws FailureError when there are fewer than two classes, or a split that is not empty would lack a class
 */
export function splitImages(
  images: readonly Labelled[],
  classes: readonly string[],
  options: SplitOptions,
  advice?: ClassAdvice,
): Readonly<Record<Split, readonly number[]>> {
  if (classes.length < 2) tooFewClasses(classes, advice);
  const has = (split: 'val' | 'test'): boolean => images.some((image) => image.split === split);
  const rule = { ...options, val: has('val') ? 0 : options.val, test: has('test') ? 0 : options.test };
  const members = classes.map((): number[] => []);
  images.forEach((image, index) => members[image.label]?.push(index));
  const cut = members.map((of, label) => cutClass(images, of, label, rule));
  const wanted = { train: true, val: rule.val > 0 || has('val'), test: rule.test > 0 || has('test') };
  const take = (split: Split): number[] => {
    const counts = cut.map((parts) => parts[split].length);
    const shares = evenShares(counts, options.limit[split] ?? Infinity);
    if (wanted[split])
      checkNoneEmpty(split, { classes, counts, shares, sizes: members.map((of) => of.length) }, advice);
    return cut.flatMap((parts, label) => parts[split].slice(0, shares[label])).sort((a, b) => a - b);
  };
  return { train: take('train'), val: take('val'), test: take('test') };
}

function tooFewClasses(classes: readonly string[], advice?: ClassAdvice): never {
  return fail({
    code: 'too-few-classes',
    message: classes.length === 0 ? 'the dataset has no classes' : `the dataset has one class only: ${classes.join()}`,
    expected: 'at least 2 classes',
    ...(advice && { fix: advice.fewClasses }),
  });
}

/** Sizes of one split, each list by class. */
interface Sizes {
  readonly classes: readonly string[];
  /** Images that the rule gives the split. */
  readonly counts: readonly number[];
  /** Of these, images within its limit. */
  readonly shares: readonly number[];
  /** Images of all splits. */
  readonly sizes: readonly number[];
}

function checkNoneEmpty(split: Split, { classes, counts, shares, sizes }: Sizes, advice?: ClassAdvice): void {
  const label = shares.indexOf(0);
  if (label < 0) return;
  const limited = at(counts, label) > 0;
  const size = at(sizes, label);
  fail({
    code: limited ? 'limit-too-small' : 'class-without-images',
    message: limited
      ? `limit.${split} leaves class ${classes[label] ?? ''} without images`
      : `class ${classes[label] ?? ''} has no images in the ${split} split (${size} in all splits)`,
    expected: limited ? `at least ${classes.length}, one a class` : 'at least one image of every class in every split',
    fix: limited
      ? `raise limit.${split}`
      : `${advice ? `${advice.moreImages}, or ` : ''}change split (a fraction of 0 makes a split empty on purpose)`,
  });
}
