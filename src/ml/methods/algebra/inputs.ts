import { lengthOf, makeNode, refuse, type ArrayType, type InputSource, type Node } from './node.ts';

/**
 * An array from outside.
 *
 * @param source - a tap of the student or the teacher, or what is filled for each step
 * @param name - of the tap, or of the array
 * @param type - its shape; float32 by default
 * @returns the node; two of equal source and name are the same array
 */
export const input = (source: InputSource, name: string, type: ArrayType): Node =>
  makeNode('input', [], { source, name }, type);

/**
 * An array that a method fills for each step: {@link KdLoss.fill} gives its values under the same name.
 *
 * @param name - of the array
 * @param type - its shape; float32 by default
 * @returns the node
 */
export const stepInput = (name: string, type: ArrayType): Node => input('step', name, type);

/**
 * The identity matrix.
 *
 * @param size - n
 * @returns [n, n]
 */
export const identity = (size: number): Node => makeNode('identity', [], {}, { shape: [size, size] });

/**
 * Indicator vectors of classes.
 *
 * @param labels - class indices [N], int32
 * @param classes - C
 * @returns [N, C]: 1 at the class, 0 elsewhere
 */
export function oneHot(labels: Node, classes: number): Node {
  if (labels.dtype !== 'int32' || labels.shape.length !== 1) refuse('oneHot', [labels], 'it takes int32 [N]');
  return makeNode('oneHot', [labels], {}, { shape: [lengthOf(labels, 0), classes] });
}
