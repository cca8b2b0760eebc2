/**
 * Writes ONNX's ModelProto: only the fields that we need. Field numbers are those of onnx.proto (https://onnx.ai).
 */
import { Message } from '../../../util/protobuf.ts';

/** A constant of a graph. Values are dense, row-major. */
export interface Initializer {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Float32Array | BigInt64Array;
}

/** Value of a node's attribute. */
export type Attribute = { readonly int: number } | { readonly float: number } | { readonly ints: readonly number[] };

/** One operator of a graph. */
export interface NodeProto {
  readonly operator: string;
  readonly inputs: readonly string[];
  readonly output: string;
  readonly attributes?: Readonly<Record<string, Attribute>>;
}

/** A float32 tensor that comes in or goes out; a text is a length that the caller chooses. */
export interface Port {
  readonly name: string;
  readonly shape: readonly (number | string)[];
}

/** A graph and what is known of it. */
export interface OnnxModel {
  readonly name: string;
  /** In an order in which they can be computed. */
  readonly nodes: readonly NodeProto[];
  readonly initializers: readonly Initializer[];
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
  /** `metadata_props`: texts for those who use the model. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** Of 2021: runtimes of that year and later read it. */
const IR_VERSION = 8;

/** Version of the operators' definitions: https://onnx.ai/onnx/operators. */
export const OPSET = 17;

const FLOAT = 1;
const INT64 = 7;
const TYPES = { float: 1, int: 2, ints: 7 } as const;

function writeAttribute(to: Message, name: string, value: Attribute): void {
  to.text(1, name);
  if ('float' in value) to.float(2, value.float).int(20, TYPES.float);
  else if ('int' in value) to.int(3, value.int).int(20, TYPES.int);
  else {
    for (const int of value.ints) to.int(8, int);
    to.int(20, TYPES.ints);
  }
}

function writeNode(to: Message, { operator, inputs, output, attributes = {} }: NodeProto): void {
  for (const input of inputs) to.text(1, input);
  to.text(2, output).text(3, output).text(4, operator);
  for (const [name, value] of Object.entries(attributes)) to.message(5, (inner) => writeAttribute(inner, name, value));
}

function writeInitializer(to: Message, { name, shape, values }: Initializer): void {
  for (const length of shape) to.int(1, length);
  to.int(2, values instanceof Float32Array ? FLOAT : INT64).text(8, name);
  to.bytes(9, new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
}

function writePort(to: Message, { name, shape }: Port): void {
  const lengths = (inner: Message): void => {
    for (const length of shape)
      inner.message(1, (one) => (typeof length === 'number' ? one.int(1, length) : one.text(2, length)));
  };
  to.text(1, name).message(2, (type) => type.message(1, (tensor) => tensor.int(1, FLOAT).message(2, lengths)));
}

/**
 * Writes a model; equal models give equal bytes.
 *
 * @param model - the graph
 * @returns the contents of an .onnx file
 */
export function encodeOnnx(model: OnnxModel): Uint8Array {
  const graph = (to: Message): void => {
    for (const node of model.nodes) to.message(1, (inner) => writeNode(inner, node));
    to.text(2, model.name);
    for (const one of model.initializers) to.message(5, (inner) => writeInitializer(inner, one));
    for (const port of model.inputs) to.message(11, (inner) => writePort(inner, port));
    for (const port of model.outputs) to.message(12, (inner) => writePort(inner, port));
  };
  const message = new Message().int(1, IR_VERSION).text(2, 'kdpipe').message(7, graph);
  message.message(8, (opset) => opset.text(1, '').int(2, OPSET));
  for (const [key, value] of Object.entries(model.metadata))
    message.message(14, (entry) => entry.text(1, key).text(2, value));
  return message.done();
}
