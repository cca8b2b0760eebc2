import { pickOf, type Augmentation, type Uniform } from '../augmentation.ts';
import { filled, type Box } from '../image.ts';
import type { OperationName } from '../operations.ts';
import { taking, type Draw, type Step } from '../steps.ts';

/** An operation, and the range of a number that makes its magnitude. */
type Row = readonly [operation: OperationName, least: number, most: number, magnitude?: (value: number) => number];

const OPERATIONS = 2;

/** The authors' colour of what is cut out, whatever the dataset. */
const GREY = [125, 123, 114] as const;

/** Factors of Pillow's enhancements, as distances from 1. */
const enhanced = (operation: OperationName): Row => [operation, 0.05, 0.95, (factor) => factor - 1];

/** Shares of the side that Pillow samples at: the nearest pixel. */
const moved = (operation: OperationName, side: number): Row => [
  ...([operation, -0.3, 0.3] as const),
  (share) => -Math.floor(share * side + 0.5),
];

const rows = (side: number): readonly [Row, ...Row[]] => [
  ['AutoContrast', 0, 1],
  enhanced('Brightness'),
  enhanced('Color'),
  enhanced('Contrast'),
  ['Equalize', 0, 1],
  ['Identity', 0, 1],
  ['Posterize', 4, 8, Math.trunc],
  ['Rotate', -30, 30],
  enhanced('Sharpness'),
  ['ShearX', -0.3, 0.3],
  ['ShearY', -0.3, 0.3],
  ['Solarize', 0, 256],
  moved('TranslateX', side),
  moved('TranslateY', side),
];

/**
 * Two operations at random, each of a strength of its own.
 *
 * @param side - of the pictures, in pixels
 * @returns draws the steps of a picture
 */
function fixMatchDraw(side: number): Draw {
  const table = rows(side);
  return (uniform) =>
    Array.from({ length: OPERATIONS }, (): Step => {
      const [operation, least, most, magnitude = (value: number) => value] = pickOf(table, uniform);
      return { operation, magnitude: magnitude(least + (most - least) * uniform()) };
    });
}

/** A square of up to half the side, anywhere; its last row and column belong to it, as in Pillow. */
function cutOut(side: number, uniform: Uniform): Box {
  const size = uniform() * 0.5 * side;
  const start = (): number => Math.trunc(Math.max(0, uniform() * side - size / 2));
  const [left, top] = [start(), start()];
  const lengthFrom = (from: number): number => Math.min(side, Math.trunc(from + size) + 1) - from;
  return { top, left, height: lengthFrom(top), width: lengthFrom(left) };
}

/** The strong augmentation of FixMatch, as the programs of MLKD and logit standardisation have it. */
export const fixMatch: Augmentation = {
  summary: 'two operations at random, each of a random strength, then a grey square of up to half the side',
  source: 'Sohn et al., FixMatch: Simplifying Semi-Supervised Learning with Consistency and Confidence, NeurIPS 2020',
  create: ({ side }) => {
    const change = taking(fixMatchDraw(side));
    return (image, uniform) => {
      const changed = change(image, uniform);
      return filled(changed, cutOut(side, uniform), GREY);
    };
  },
};
