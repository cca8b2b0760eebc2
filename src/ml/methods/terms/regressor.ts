import { spread } from '../../algebra/maps.ts';
import type { Node } from '../../algebra/node.ts';
import type { NetworkBuilder } from '../../network/builder.ts';
import type { LayerIndex, Shape } from '../../network/network.ts';
import type { Sides, TermInputs } from '../kd-method.ts';
import { adapter, type Aligned } from './adapter.ts';

/** The convolution, and what the student's map is read through before it. */
function windowOf({ student, teacher }: Sides<Shape>) {
  const stride = student.height / teacher.height;
  if (stride >= 1) return { from: student, read: (map: Node) => map, kernel: 2 * stride - 1, stride };
  // PyTorch's ConvTranspose2d with kernel 4, stride 2, padding 1, its filter read backwards.
  const from = { height: 2 * student.height - 1, width: 2 * student.width - 1, channels: student.channels };
  return { from, read: (map: Node) => spread(map, 2), kernel: 4, stride: 1, padding: 2 };
}

/**
 * Brings a student's map to the size and channels of the teacher's: a convolution with stride f = ratio of the sizes and kernel 2f − 1
 * (1×1 at equal sizes, 3×3 at twice the size), a transposed one with kernel 4 at half the size.
 *
 * @param name - of the adapter
 * @param tap - the student's
 * @param shapes - of the map on both sides; `REGRESSED` says which go together
 * @param behind - adds what follows the convolution
 * @returns the map, and its adapter
 */
export function regressor(
  name: string,
  tap: string,
  shapes: Sides<Shape>,
  behind: (net: NetworkBuilder, conv: LayerIndex) => LayerIndex,
): Aligned {
  const { from, read, ...window } = windowOf(shapes);
  const options = { ...window, channels: shapes.teacher.channels, bias: true };
  const made = adapter({ name, from, layers: (net) => behind(net, net.conv(`${name}.0`, net.image, options)) });
  return { adapters: [made], of: (inputs: TermInputs) => inputs.adapt(made, read(inputs.student(tap))) };
}

/**
 * What RepDistiller and mdistiller predict a teacher's map by: a {@link regressor}, batch norm, ReLU.
 *
 * @param name - of the adapter
 * @param tap - the student's
 * @param shapes - of the map on both sides
 * @returns the map, and its adapter
 */
export const activatedRegressor = (name: string, tap: string, shapes: Sides<Shape>): Aligned =>
  regressor(name, tap, shapes, (net, conv) => net.activation(`${name}.2`, net.batchNorm(`${name}.1`, conv)));
