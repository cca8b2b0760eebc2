import { isJsonObject, isList, type Json, type JsonObject } from '../../core/json.ts';
import { NetworkBuilder } from './builder.ts';
import { classifierOf } from './classifier.ts';
import type { Layer, LayerIndex, Network, Shape } from './network.ts';

type Kind = Exclude<Layer['kind'], 'input'>;

/** One layer as a row: what the builder is told of it. */
interface Row {
  readonly kind: Kind;
  readonly name: string;
  /** Indices of the layers that it reads; 0 is the image, k is row k − 1. */
  readonly inputs: readonly LayerIndex[];
  readonly [option: string]: Json;
}

/** A network without the sizes of its maps, as JSON: it can be built anew for any image. */
export interface LayerTable {
  readonly layers: readonly Row[];
  readonly taps: Network['taps'];
}

/** Most rows, far above the deepest network here (545). */
const MOST_LAYERS = 10_000;
/** Largest size in a row, and most values of a map: a table may come from anywhere. */
const [LARGEST, MOST_VALUES] = [2 ** 20, 2 ** 28];

type Test = (value: unknown) => boolean;
const within =
  (least: number): Test =>
  (value) =>
    typeof value === 'number' && Number.isSafeInteger(value) && value >= least && value <= LARGEST;
const [isNatural, isPositive] = [within(0), within(1)];
const isBoolean: Test = (value) => typeof value === 'boolean';
const isRate: Test = (value) => typeof value === 'number' && value >= 0 && value < 1;
const oneOf =
  (...values: readonly string[]): Test =>
  (value) =>
    values.some((one) => one === value);

/** One kind of layer. */
interface Operation {
  /** Layers that it reads; null for one or more. */
  readonly reads: number | null;
  /** Values that its options may have. */
  readonly fits: Readonly<Record<string, Test>>;
  readonly options: (layer: Layer) => JsonObject;
  readonly build: (net: NetworkBuilder, row: Row) => LayerIndex;
}

/** What of one kind of layer a row says, and the call that makes it. */
function operation<K extends Kind, Options extends object>(
  _kind: K,
  own: {
    readonly reads?: number | null;
    readonly options: (layer: Extract<Layer, { readonly kind: K }>) => Options;
    readonly fits: { readonly [Option in keyof Options]-?: Test };
    readonly build: (net: NetworkBuilder, name: string, inputs: Row['inputs'], options: Options) => LayerIndex;
  },
): Operation {
  const { reads = 1, fits, options, build } = own;
  return {
    ...{ reads, fits },
    options: options as unknown as Operation['options'],
    build: (net, { name, inputs, ...row }) => build(net, name, inputs, row as unknown as Options),
  };
}

const nothing = { options: () => ({}), fits: {} } as const;

const OPERATIONS: { readonly [K in Kind]: Operation } = {
  conv: operation('conv', {
    options: ({ outChannels: channels, kernel, stride, padding, groups, bias }) => ({
      ...{ channels, kernel, stride, padding, groups, bias },
    }),
    fits: {
      ...{ channels: isPositive, kernel: isPositive, stride: isPositive },
      ...{ padding: isNatural, groups: isPositive, bias: isBoolean },
    },
    build: (net, name, [from = 0], options) => net.conv(name, from, options),
  }),
  'batch-norm': operation('batch-norm', {
    options: ({ eps, momentum }) => ({ eps, momentum }),
    fits: { eps: (value) => isRate(value) && value !== 0, momentum: isRate },
    build: (net, name, [from = 0], options) => net.batchNorm(name, from, options),
  }),
  activation: operation('activation', {
    options: ({ function: own }) => ({ function: own }),
    fits: { function: oneOf('relu', 'relu6', 'silu', 'sigmoid', 'hard-sigmoid') },
    build: (net, name, [from = 0], { function: own }) => net.activation(name, from, own),
  }),
  pool: operation('pool', {
    options: ({ mode, kernel, stride, padding, countPadding }) => ({ mode, kernel, stride, padding, countPadding }),
    fits: {
      ...{ mode: oneOf('max', 'average'), kernel: isPositive, stride: isPositive },
      ...{ padding: isNatural, countPadding: isBoolean },
    },
    build: (net, name, [from = 0], { mode, ...options }) => net.pool(name, from, mode, options),
  }),
  'global-average-pool': operation('global-average-pool', {
    ...nothing,
    build: (net, name, [from = 0]) => net.globalAveragePool(name, from),
  }),
  linear: operation('linear', {
    options: ({ outFeatures: features }) => ({ features }),
    fits: { features: isPositive },
    build: (net, name, [from = 0], { features }) => net.linear(name, from, features),
  }),
  add: operation('add', { ...nothing, reads: 2, build: (net, name, [a = 0, b = 0]) => net.add(name, a, b) }),
  multiply: operation('multiply', {
    ...{ ...nothing, reads: 2 },
    build: (net, name, [map = 0, factor = 0]) => net.multiply(name, map, factor),
  }),
  concat: operation('concat', {
    reads: null,
    options: ({ interleaved }) => ({ interleaved }),
    fits: { interleaved: isBoolean },
    build: (net, name, [first = 0, ...others], options) => net.concat(name, [first, ...others], options),
  }),
  slice: operation('slice', {
    options: ({ from: start, shape: { channels } }) => ({ start, channels }),
    fits: { start: isNatural, channels: isPositive },
    build: (net, name, [from = 0], options) => net.slice(name, from, options),
  }),
  dropout: operation('dropout', {
    options: ({ rate }) => ({ rate }),
    fits: { rate: isRate },
    build: (net, name, [from = 0], { rate }) => net.dropout(name, from, rate),
  }),
  'stochastic-depth': operation('stochastic-depth', {
    options: ({ rate }) => ({ rate }),
    fits: { rate: isRate },
    build: (net, name, [from = 0], { rate }) => net.stochasticDepth(name, from, rate),
  }),
};

/** Names of modules stand in programs that are made of networks. */
const isName = (name: unknown): name is string =>
  typeof name === 'string' && name.length < 200 && /^[\w-]+(?:\.[\w-]+)*$/.test(name);

function isRow(row: unknown, index: number): row is Row {
  if (!isJsonObject(row)) return false;
  const { kind, name, inputs, ...options } = row;
  if (!isName(name) || !isList(inputs) || typeof kind !== 'string' || !Object.hasOwn(OPERATIONS, kind)) return false;
  const { reads, fits } = OPERATIONS[kind as Kind];
  // Row k is layer k + 1, and reads layers before it.
  if (!inputs.every((from) => isNatural(from) && Number(from) <= index)) return false;
  if (reads === null ? inputs.length === 0 : inputs.length !== reads) return false;
  return (
    Object.keys(options).length === Object.keys(fits).length &&
    Object.entries(fits).every(([option, isFit]) => isFit(options[option]))
  );
}

/**
 * Tells tables from anything else.
 *
 * @param value - JSON from anywhere
 * @returns true where each row is one of a known kind, with options that may be, and reads layers before it
 */
export function isLayerTable(value: unknown): value is LayerTable {
  if (!isJsonObject(value)) return false;
  const { layers, taps } = value;
  if (!isList(layers) || layers.length > MOST_LAYERS || !layers.every(isRow) || !isJsonObject(taps)) return false;
  return Object.entries(taps).every(([tap, at]) => isName(tap) && isPositive(at) && Number(at) <= layers.length);
}

/**
 * Writes a network down as a table of its layers.
 *
 * @param network - of the builder
 * @returns JSON of which {@link networkFrom} makes the network again, for images of any size
 */
export function layerTable(network: Network): LayerTable {
  const { layers, taps } = network;
  const rows = layers.flatMap((layer): Row[] => {
    const { kind, name, inputs } = layer;
    return kind === 'input' ? [] : [{ kind, name, inputs, ...OPERATIONS[kind].options(layer) }];
  });
  return { layers: rows, taps };
}

/** The two taps that every classifier has. */
function requireClassifier(network: Network): Network {
  const { layers, taps, model } = network;
  const { inFeatures } = classifierOf(network);
  if (taps['logits'] !== layers.length - 1) throw new Error(`the last layer of ${model} is not its tap logits`);
  const pooled = layers[taps['pooled'] ?? -1]?.shape;
  const isPooled = pooled?.channels === inFeatures && pooled.height * pooled.width === 1;
  if (!isPooled) throw new Error(`${model} has no tap pooled: what its classifier reads`);
  return network;
}

/**
 * Builds a classifier of its table.
 *
 * @param model - what it is called
 * @param table - of its layers
 * @param input - shape of one image
 * @returns the network
 * @throws FailureError `image-too-small`
 * @throws Error where that is no name, layers do not fit each other, or the network does not end in a classifier
 */
export function networkFrom(model: string, table: LayerTable, input: Shape): Network {
  const { layers, taps } = table;
  if (!/^[A-Za-z][\w.-]*$/.test(model)) throw new Error(`${JSON.stringify(model)} is no name of a network`);
  const net = new NetworkBuilder(model, input);
  let last = net.image;
  for (const row of layers) {
    last = OPERATIONS[row.kind].build(net, row);
    const { height, width, channels } = net.shape(last);
    if (height * width * channels > MOST_VALUES)
      throw new Error(`${model}: ${row.name} makes maps of ${height}×${width}×${channels}`);
  }
  for (const [tap, layer] of Object.entries(taps)) net.tap(tap, layer);
  return requireClassifier(net.ending(last));
}
