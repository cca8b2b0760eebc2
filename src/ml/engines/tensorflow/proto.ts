import { Message } from '../../../util/protobuf.ts';

/**
 * Writes TensorFlow's SavedModel message (protocol buffers): only the fields that we need. Field numbers are those of
 * TensorFlow's saved_model.proto, meta_graph.proto, graph.proto, node_def.proto, attr_value.proto and tensor.proto.
 */

/** TensorFlow's numbers of types (types.proto). */
const TYPES = { float: 1, double: 2, int32: 3, uint8: 4, bool: 10, bfloat16: 14, resource: 20, uint32: 22 } as const;

/** Type of a tensor's elements. */
export type DType = keyof typeof TYPES;

/** Value of a node's attribute. */
export type Attribute =
  | { readonly text: string }
  | { readonly int: number }
  | { readonly float: number }
  | { readonly bool: boolean }
  | { readonly type: DType }
  | { readonly shape: readonly number[] }
  | { readonly ints: readonly number[] }
  | { readonly tensor: { readonly type: DType; readonly shape: readonly number[]; readonly bytes: Uint8Array } };

/** Attributes by name. */
export type Attributes = Readonly<Record<string, Attribute>>;

/** One node of a graph. */
export interface NodeDef {
  readonly name: string;
  readonly op: string;
  /** `name`, `name:output`, or `^name` for a node that has to run before. */
  readonly inputs: readonly string[];
  readonly attributes: Attributes;
}

function writeShape(to: Message, lengths: readonly number[]): void {
  for (const length of lengths) to.message(2, (dimension) => dimension.int(1, length));
}

function writeAttribute(to: Message, value: Attribute): Message {
  if ('text' in value) return to.text(2, value.text);
  if ('int' in value) return to.int(3, value.int);
  if ('float' in value) return to.float(4, value.float);
  if ('bool' in value) return to.int(5, value.bool ? 1 : 0);
  if ('type' in value) return to.int(6, TYPES[value.type]);
  if ('shape' in value) return to.message(7, (shape) => writeShape(shape, value.shape));
  if ('ints' in value) return to.message(1, (list) => value.ints.forEach((int) => list.int(3, int)));
  const { type, shape, bytes } = value.tensor;
  return to.message(8, (tensor) =>
    tensor
      .int(1, TYPES[type])
      .message(2, (lengths) => writeShape(lengths, shape))
      .bytes(4, bytes),
  );
}

function writeNode(to: Message, { name, op, inputs, attributes }: NodeDef): void {
  to.text(1, name).text(2, op);
  for (const input of inputs) to.text(3, input);
  for (const [key, value] of Object.entries(attributes))
    to.message(5, (entry) => entry.text(1, key).message(2, (inner) => writeAttribute(inner, value)));
}

/** Version of the graph format, and of the oldest TensorFlow that reads it (versions.proto). */
const VERSIONS = { producer: 1482, minConsumer: 12 } as const;

/** Tag under which the graph is found. */
export const TAG = 'kdpipe';

/**
 * A SavedModel of one graph, without signatures: whoever runs it names nodes.
 *
 * @param nodes - in any order
 * @returns the contents of `saved_model.pb`
 */
export function savedModel(nodes: readonly NodeDef[]): Uint8Array {
  const graph = (to: Message): void => {
    for (const node of nodes) to.message(1, (inner) => writeNode(inner, node));
    to.message(4, (versions) => versions.int(1, VERSIONS.producer).int(2, VERSIONS.minConsumer));
  };
  return new Message()
    .int(1, 1)
    .message(2, (meta) => meta.message(1, (info) => info.text(4, TAG).text(5, '2.0.0')).message(2, graph))
    .done();
}
