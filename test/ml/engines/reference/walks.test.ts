import { expect, it } from 'vitest';
import { add, div, greater, maximum, minimum, pow, select, sub } from '../../../../src/ml/algebra/arithmetic.ts';
import { input } from '../../../../src/ml/algebra/inputs.ts';
import type { Node } from '../../../../src/ml/algebra/node.ts';
import { ReferenceExecutor } from '../../../../src/ml/engines/reference/executor.ts';
import { evaluateNodes } from '../../../support/evaluate-expression.ts';
import { hashed } from '../../../support/hashed.ts';
import { runNodes } from '../../../../src/ml/engines/evaluate-expression.ts';

const [x, y, z] = ['x', 'y', 'z'].map((name) => input(name, [40])) as [Node, Node, Node];

it.each<[string, Node]>([
  ['add', add(y, z)],
  ['sub', sub(y, z)],
  ['div', div(y, z)],
  ['maximum', maximum(y, z)],
  ['minimum', minimum(y, z)],
  ['greater', greater(y, z)],
  ['select', select(greater(y, z), y, z)],
  ['pow', pow(y, 1.5)],
])('%s reads its operands alone, whatever else a walk holds', (_, node) => {
  // What the walk holds first is larger than all operands, or smaller.
  for (const offset of [10, -10]) {
    const inputs = { x: hashed('x', 40).map((u) => u + offset), y: hashed('y', 40), z: hashed('z', 40) };
    const roots = [add(x, node)];
    expect(runNodes(new ReferenceExecutor(), roots, inputs)).toEqual(evaluateNodes(roots, inputs));
  }
});
