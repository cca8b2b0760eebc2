import { customGrad, type Tensor } from '@tensorflow/tfjs-core';
import { failOutside } from '../../../util/at.ts';

/**
 * Values without a copy.
 *
 * @param of - float32
 * @returns the backend's own array: not to be written to
 */
export const valuesOf = (of: Tensor): Float32Array => of.dataSync<'float32'>();

/**
 * Values of int32 without a copy.
 *
 * @param of - int32
 * @returns the backend's own array: not to be written to
 */
export const integersOf = (of: Tensor): Int32Array => of.dataSync<'int32'>();

/**
 * One dimension of a tensor.
 *
 * @param of - the tensor
 * @param axis - from 0; negative ones count from the end
 * @returns its length
 * @throws RangeError where there is none (a bug)
 */
export const lengthOf = ({ shape }: { readonly shape: readonly number[] }, axis: number): number =>
  shape.at(axis) ?? failOutside(shape.length, axis);

/**
 * An operation with a gradient of its own: what it computes inside is not differentiated.
 *
 * @param inputs - that it is differentiated in
 * @param forward - makes its value
 * @param gradients - makes the gradient of each input from that of the value; only values of tensors are there still, not
 *   the tensors themselves
 * @returns the value
 */
export const withGradient = (
  inputs: readonly Tensor[],
  forward: () => Tensor,
  gradients: (dy: Tensor) => Tensor[],
): Tensor => customGrad(() => ({ value: forward(), gradFunc: gradients }))(...inputs);

/**
 * An operation without a gradient.
 *
 * @param forward - makes its value
 * @returns the value, a constant to all that follows
 */
export const withoutGradient = (forward: () => Tensor): Tensor => withGradient([], forward, () => []);
