import type { Adapter } from './adapter.ts';
import { isSameShape, lengthOf, makeNode, refuse, sizeOf, type Node, type Op, type Operations } from './node.ts';

/** Height and width of a map. */
export interface MapSize {
  readonly height: number;
  readonly width: number;
}

/** Operations on feature maps [N, H, W, C]. All throw Error for other shapes. */

const requireMaps = (op: Op, maps: readonly Node[]): void => {
  if (maps.some(({ shape, dtype }) => shape.length !== 4 || dtype !== 'float32'))
    refuse(op, maps, 'it takes maps [N, H, W, C]');
};

const sized = (map: Node, { height, width }: MapSize) => ({
  shape: [lengthOf(map, 0), height, width, lengthOf(map, 3)],
});

/**
 * Energy of each pixel: Σ_c f².
 *
 * @param map - [N, H, W, C]
 * @returns [N, H·W]
 */
export function pixelEnergies(map: Node): Node {
  requireMaps('pixelEnergies', [map]);
  return makeNode('pixelEnergies', [map], {}, { shape: [lengthOf(map, 0), lengthOf(map, 1) * lengthOf(map, 2)] });
}

/**
 * Average pooling by windows that do not overlap.
 *
 * @param map - [N, H, W, C], H and W multiples of the window
 * @param window - its side
 * @returns [N, H/window, W/window, C]
 */
export function averagePool(map: Node, window: number): Node {
  requireMaps('averagePool', [map]);
  const size = { height: lengthOf(map, 1) / window, width: lengthOf(map, 2) / window };
  if (!Number.isInteger(size.height) || !Number.isInteger(size.width))
    refuse('averagePool', [map], `windows of side ${window} do not fill it`);
  return makeNode('averagePool', [map], { window }, sized(map, size));
}

/**
 * Enlarges a map by repeating pixels, PyTorch's `interpolate` with `nearest`: pixel i is pixel ⌊i · from/to⌋.
 *
 * @param map - [N, H, W, C]
 * @param to - size of the result
 * @returns [N, to.height, to.width, C]
 */
export function stretch(map: Node, to: MapSize): Node {
  requireMaps('stretch', [map]);
  return makeNode('stretch', [map], {}, sized(map, to));
}

/**
 * Sum of two maps, each pixel weighed: σ(s₀) · own + σ(s₁) · above.
 *
 * @param own - [N, H, W, C]
 * @param above - the same shape
 * @param scores - s, [N, H, W, 2]
 * @returns [N, H, W, C]
 */
export function weighTwo(own: Node, above: Node, scores: Node): Node {
  const inputs = [own, above, scores];
  requireMaps('weighTwo', inputs);
  if (!isSameShape(own.shape, above.shape) || !isSameShape(scores.shape, own.shape.with(3, 2)))
    refuse('weighTwo', inputs, 'it takes two equal maps and two scores a pixel');
  return makeNode('weighTwo', inputs, {}, own);
}

/**
 * Weighted mean squared differences of two maps and of their pooled forms.
 *
 * @param a - [N, H, W, C]
 * @param b - the same shape
 * @param weights - of the maps themselves, and of each form
 * @returns the scalar
 */
export function pooledDistance(a: Node, b: Node, weights: Operations['pooledDistance']): Node {
  requireMaps('pooledDistance', [a, b]);
  if (!isSameShape(a.shape, b.shape)) refuse('pooledDistance', [a, b], 'the shapes differ');
  return makeNode('pooledDistance', [a, b], weights, { shape: [] });
}

/**
 * Sends maps through a small network that is trained along. Each adapter of a term runs once.
 *
 * @param adapter - one of the term's
 * @param map - [N, H, W, C] as its network takes it
 * @returns its output, [N, H', W', C']
 */
export function applyAdapter(adapter: Adapter, map: Node): Node {
  const { input, layers } = adapter.network;
  const output = layers.at(-1)?.shape ?? input;
  const shapeOf = ({ height, width, channels }: typeof input) => [lengthOf(map, 0), height, width, channels];
  if (sizeOf(shapeOf(input)) !== sizeOf(map.shape)) refuse('adapter', [map], `${adapter.name} takes other maps`);
  return makeNode('adapter', [map], { adapter }, { shape: shapeOf(output) });
}
