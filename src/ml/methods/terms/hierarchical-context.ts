import { addN, mul, square, sub } from '../../algebra/arithmetic.ts';
import { adaptivePool } from '../../algebra/maps.ts';
import { lengthOf, type Node } from '../../algebra/node.ts';
import { mean } from '../../algebra/reductions.ts';

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
  const sides = SIDES.filter((side) => side < lengthOf(ours, 1));
  const apart = sub(ours, theirs);
  const forms = [apart, ...sides.map((side) => adaptivePool(apart, { height: side, width: side }))];
  const shares = forms.map((_, at) => 0.5 ** at);
  const whole = shares.reduce((total, share) => total + share);
  return addN(forms.map((form, at) => mul(mean(square(form)), 0.5 ** at / whole)));
}
