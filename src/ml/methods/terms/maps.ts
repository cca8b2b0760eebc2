import { square, sub } from '../../algebra/arithmetic.ts';
import { averagePool } from '../../algebra/maps.ts';
import { isSameShape, lengthOf, refuse, type Node } from '../../algebra/node.ts';
import { mean, sum } from '../../algebra/reductions.ts';
import { reshape } from '../../algebra/shapes.ts';

/**
 * Channels as columns.
 *
 * @param map - [N, H, W, C]
 * @returns [N, H·W, C]
 */
export const columns = (map: Node): Node => reshape(map, [lengthOf(map, 0), -1, lengthOf(map, 3)]);

/** (a − b)² of equal shapes. */
function squares(a: Node, b: Node): Node {
  if (!isSameShape(a.shape, b.shape)) refuse('squares', [a, b], 'the shapes differ');
  return square(sub(a, b));
}

/**
 * Squared distance Σ (a − b)².
 *
 * @param a - any shape
 * @param b - the same shape
 * @returns the scalar
 */
export const squaredDistance = (a: Node, b: Node): Node => sum(squares(a, b));

/**
 * Mean squared distance.
 *
 * @param a - any shape
 * @param b - the same shape
 * @returns the scalar
 */
export const meanSquare = (a: Node, b: Node): Node => mean(squares(a, b));

/**
 * Brings maps of two sides to the smaller one's size by average pooling.
 *
 * @param a - [N, H, W, C]
 * @param b - [N, H', W', C'], H' and W' equal, or both the same whole multiple or part
 * @returns the two, equal in height and width
 */
export function poolToSmaller(a: Node, b: Node): readonly [Node, Node] {
  const height = Math.min(lengthOf(a, 1), lengthOf(b, 1));
  const pooled = (map: Node): Node => {
    const window = lengthOf(map, 1) / height;
    return window === 1 ? map : averagePool(map, window);
  };
  return [pooled(a), pooled(b)];
}
