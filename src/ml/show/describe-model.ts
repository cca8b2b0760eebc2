import { models, type ModelName } from '../models/registry.ts';
import { costOf, layerCost, type LayerCost } from '../network/cost.ts';
import type { Layer, Shape } from '../network/network.ts';

/** One layer, as `kdpipe show` prints it. */
export interface LayerDescription extends LayerCost, Shape {
  /** What it does: `conv 3×3, stride 2, groups 32`, `relu6`. */
  readonly operation: string;
  /** Names under which distillation finds it. */
  readonly taps: readonly string[];
}

/** A network built for one image size and number of classes. */
export interface ModelDescription {
  readonly model: ModelName;
  readonly summary: string;
  readonly source: string;
  readonly input: Shape;
  readonly classes: number;
  /** Trained values. */
  readonly parameters: number;
  /** Multiply-accumulates of convolutions and linear layers for one image. */
  readonly macs: number;
  readonly layers: readonly LayerDescription[];
}

/** Parts of a text that say something, joined. */
const listParts = (...parts: readonly (string | false)[]): string => parts.filter((part) => part !== false).join(', ');

function operationOf(layer: Layer): string {
  switch (layer.kind) {
    case 'conv': {
      const { kernel, stride, groups, bias } = layer;
      return listParts(
        `conv ${kernel}×${kernel}`,
        stride > 1 && `stride ${stride}`,
        groups > 1 && `groups ${groups}`,
        bias && 'bias',
      );
    }
    case 'pool': {
      const { mode, kernel, stride, padding } = layer;
      return listParts(`${mode} pool ${kernel}×${kernel}`, `stride ${stride}`, padding > 0 && `padding ${padding}`);
    }
    case 'activation':
      return layer.function;
    case 'concat':
      return listParts('concat', layer.interleaved && 'interleaved');
    case 'slice':
      return `channels ${layer.from}–${layer.from + layer.shape.channels - 1}`;
    case 'dropout':
    case 'stochastic-depth':
      return `${layer.kind} ${Number(layer.rate.toFixed(4))}`;
    default:
      return layer.kind;
  }
}

/** For what a model is built; what it is known by by default. */
export interface DescribeOptions {
  /** Image side in pixels. */
  readonly side?: number | undefined;
  readonly classes?: number | undefined;
}

/**
 * Describes a model of the registry layer by layer.
 *
 * @param name - the model
 * @param options - see {@link DescribeOptions}
 * @returns the description, JSON
 * @throws FailureError `image-too-small`
 */
export function describeModel(name: ModelName, options: DescribeOptions = {}): ModelDescription {
  const known = models[name];
  const { summary, source } = known;
  const { side = known.nominal.side, classes = known.nominal.classes } = options;
  const network = known.build({ height: side, width: side, channels: 3 }, classes);
  const taps = Object.entries(network.taps);
  const { parameters, macs } = costOf(network);
  const layers = network.layers.map((layer, index) => ({
    ...layerCost(layer),
    operation: operationOf(layer),
    ...layer.shape,
    taps: taps.filter(([, tapped]) => tapped === index).map(([tap]) => tap),
  }));
  return { model: name, summary, source, input: network.input, classes, parameters, macs, layers };
}
