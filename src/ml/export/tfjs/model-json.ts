import type { Attribute, DType, NodeDef } from '../../engines/tensorflow/proto.ts';
import type { Json, JsonObject } from '../../../core/json.ts';
import type { Ends } from './graph.ts';

/** Types of TensorFlow's GraphDef, and of weights in TensorFlow.js. */
const TYPES: Partial<Readonly<Record<DType, readonly [graph: string, weights: string]>>> = {
  float: ['DT_FLOAT', 'float32'],
  int32: ['DT_INT32', 'int32'],
};

function typeOf(type: DType): readonly [string, string] {
  const found = TYPES[type];
  if (!found) throw new Error(`TensorFlow.js is given no ${type}`);
  return found;
}

const shapeJson = (shape: readonly number[]): JsonObject => ({ dim: shape.map((size) => ({ size: String(size) })) });

/** An attribute as protocol buffers are written in JSON: whole numbers as texts, texts as base64. Weights lie elsewhere. */
function attributeJson(value: Attribute): Json {
  if ('text' in value) return { s: Buffer.from(value.text).toString('base64') };
  if ('int' in value) return { i: String(value.int) };
  if ('float' in value) return { f: value.float };
  if ('bool' in value) return { b: value.bool };
  if ('type' in value) return { type: typeOf(value.type)[0] };
  if ('shape' in value) return { shape: shapeJson(value.shape) };
  if ('ints' in value) return { list: { i: value.ints.map(String) } };
  return { tensor: { dtype: typeOf(value.tensor.type)[0], tensorShape: shapeJson(value.tensor.shape) } };
}

function nodeJson({ name, op, inputs, attributes }: NodeDef): JsonObject {
  const attr = Object.fromEntries(Object.entries(attributes).map(([key, value]) => [key, attributeJson(value)]));
  return { name, op, ...(inputs.length > 0 && { input: [...inputs] }), attr };
}

const tensorInfo = (name: string, shape: readonly number[]): JsonObject => ({
  [name]: { name: `${name}:0`, dtype: 'DT_FLOAT', tensorShape: shapeJson(shape) },
});

/** Bytes of a file of weights: browsers keep files of 4 MiB, as TensorFlow.js's own converter makes them. */
const SHARD = 2 ** 22;

/** A constant of a graph. */
interface Weights {
  readonly name: string;
  readonly type: DType;
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
}

function weightsOf({ name, attributes }: NodeDef): readonly Weights[] {
  const { value } = attributes;
  return value && 'tensor' in value ? [{ name, ...value.tensor }] : [];
}

/** Weights one after the other, in pieces. */
function shardsOf(weights: readonly Weights[]): ReadonlyMap<string, Uint8Array> {
  const all = new Uint8Array(weights.reduce((sum, { bytes }) => sum + bytes.length, 0));
  let end = 0;
  for (const { bytes } of weights) {
    all.set(bytes, end);
    end += bytes.length;
  }
  const count = Math.ceil(all.length / SHARD);
  return new Map(
    Array.from({ length: count }, (_, shard) => [
      `weights-${shard + 1}of${count}.bin`,
      all.subarray(shard * SHARD, (shard + 1) * SHARD),
    ]),
  );
}

/** What a graph model is made of. */
export interface GraphModel {
  readonly nodes: readonly NodeDef[];
  readonly ends: Ends;
  readonly inputShape: readonly number[];
  readonly classes: number;
  /** Whatever belongs to it. */
  readonly facts: JsonObject;
}

/**
 * Writes a graph model as `tf.loadGraphModel` of TensorFlow.js reads it.
 *
 * @param model - graph, with its constants, and facts
 * @returns `model.json`, and files of weights
 */
export function graphModelFiles(model: GraphModel): ReadonlyMap<string, string | Uint8Array> {
  const { nodes, ends, inputShape, classes, facts } = model;
  const weights = nodes.flatMap(weightsOf);
  const shards = shardsOf(weights);
  const topology = {
    format: 'graph-model',
    generatedBy: 'kdpipe',
    convertedBy: null,
    signature: { inputs: tensorInfo(ends.image, inputShape), outputs: tensorInfo(ends.logits, [-1, classes]) },
    userDefinedMetadata: facts,
    modelTopology: { node: nodes.map(nodeJson), library: {}, versions: { producer: 1482, minConsumer: 12 } },
    weightsManifest: [
      {
        paths: [...shards.keys()],
        weights: weights.map(({ name, type, shape }) => ({ name, shape: [...shape], dtype: typeOf(type)[1] })),
      },
    ],
  };
  return new Map<string, string | Uint8Array>([['model.json', JSON.stringify(topology)], ...shards]);
}
