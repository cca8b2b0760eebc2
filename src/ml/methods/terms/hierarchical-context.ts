import { pooledDistance } from '../algebra/maps.ts';
import { lengthOf, type Node } from '../algebra/node.ts';

/** Sides that maps are pooled to, those that are smaller than the map; each weighs half of what the one before does. */
const SIDES = [4, 2, 1];

/**
 * Hierarchical context loss: mean squared differences of the maps and of their pooled forms, weights 1, ½, ¼, ⅛ in the
 * order of the forms that there are, divided by their sum. Pooling is linear: the difference is pooled, not the maps.
 *
 * @param ours - [N, H, W, C]
 * @param theirs - the same shape
 * @returns the scalar
 */
export function hierarchicalContext(ours: Node, theirs: Node): Node {
  const shares = SIDES.filter((side) => side < lengthOf(ours, 1)).map((side, k) => ({ side, share: 0.5 ** (k + 1) }));
  const whole = shares.reduce((total, { share }) => total + share, 1);
  return pooledDistance(ours, theirs, {
    weight: 1 / whole,
    forms: shares.map(({ side, share }) => ({ side, weight: share / whole })),
  });
}
