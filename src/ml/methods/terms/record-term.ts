import type { Adapter } from '../../algebra/adapter.ts';
import { differentiate } from '../../algebra/gradients.ts';
import { input } from '../../algebra/inputs.ts';
import {
  isSameShape,
  lengthOf,
  makeNode,
  refuse,
  shapeText,
  sizeOf,
  type Dimensions,
  type Node,
  type NodeOf,
} from '../../algebra/node.ts';
import { inOrder } from '../../algebra/order.ts';
import type { Shape } from '../../network/network.ts';
import type { KdLoss, LossWithMemory, Remembered, TapShapes, TermInputs } from '../kd-method.ts';
import { CLASSIFIER } from './taps.ts';

/** Where a term takes its arrays from. */
export interface TermSources extends Pick<TermInputs, 'images' | 'labels' | 'indices'> {
  /** Of a batch, from 0: the second one (R-Drop, a second view) has activations of adapters of its own. */
  readonly pass: number;
  /** Stands in front of the names of the term's own arrays. */
  readonly prefix: string;
  /** Makes the node of a student's tap. */
  readonly student: (tap: string, shape: Dimensions) => Node;
  /** Makes the node of a teacher's tap. */
  readonly teacher: (tap: string, shape: Dimensions) => Node;
}

/** Input nodes by the names that a term knows them by. */
export type OwnArrays = Readonly<Record<string, NodeOf<'input'>>>;

/** A term for batches of one size. */
export interface RecordedTerm extends LossWithMemory {
  /** What `fill` gives for each step. */
  readonly step: OwnArrays;
  /** What it reads of its memory. */
  readonly memory: OwnArrays;
  readonly adapters: readonly Adapter[];
}

/**
 * Dimensions of a tap's values.
 *
 * @param tap - its name
 * @param images - of the batch
 * @param shape - of one image's values
 * @returns logits [N, C], the classifier [C, F], maps [N, H, W, C]
 */
export const tapDimensions = (tap: string, images: number, { height, width, channels }: Shape): Dimensions =>
  tap === 'logits' ? [images, channels] : tap === CLASSIFIER ? [height, channels] : [images, height, width, channels];

/** Sends a map through an adapter. */
function adapterNode(adapter: Adapter, map: Node, pass: number): Node {
  const { input: from, layers } = adapter.network;
  const shapeOf = ({ height, width, channels }: Shape) => [lengthOf(map, 0), height, width, channels];
  if (sizeOf(shapeOf(from)) !== sizeOf(map.shape)) refuse('adapter', [map], `${adapter.name} takes other maps`);
  return makeNode('adapter', [map], { adapter, pass }, shapeOf(layers.at(-1)?.shape ?? from));
}

/** Each adapter of the term runs once, forwards and backwards: it is updated by the gradients of every batch. */
function requireOneUse(loss: Node, remember: readonly Remembered[], adapters: readonly Adapter[]): void {
  const adaptersOf = (nodes: readonly Node[]): readonly Adapter[] =>
    nodes.flatMap((node) => (node.op === 'adapter' || node.op === 'adapterGradient' ? [node.attributes.adapter] : []));
  const used = adaptersOf(inOrder([loss, ...remember.map(({ value }) => value)]));
  const unknown = used.find((adapter) => !adapters.includes(adapter));
  if (unknown) throw new Error(`adapter ${unknown.name} is none of the term’s`);
  const twice = used.find((adapter, at) => used.indexOf(adapter) !== at);
  if (twice) throw new Error(`adapter ${twice.name} runs twice`);
  const unread = adapters.find((adapter) => !used.includes(adapter));
  if (unread) throw new Error(`nothing reads the output of adapter ${unread.name}`);
  const differentiated = adaptersOf(differentiate(loss, []).adapters);
  const constant = adapters.find((adapter) => !differentiated.includes(adapter));
  if (constant) throw new Error(`the term has no gradient in adapter ${constant.name}`);
}

/** Arrays of one kind, made when the term asks for them. */
function ownArrays(prefix: string) {
  const made: Record<string, NodeOf<'input'>> = {};
  const ask = (name: string, shape: Dimensions): Node => {
    const node = (made[name] ??= input(`${prefix}${name}`, shape));
    return isSameShape(node.shape, shape) ? node : refuse('input', [node], `${name} is not ${shapeText(shape)} too`);
  };
  return { made, ask };
}

/** What is remembered has a place in the memory. */
function requirePlaces(remember: readonly Remembered[], memory: OwnArrays): void {
  for (const { name, places, value } of remember) {
    const array = memory[name];
    if (!array) throw new Error(`the term remembers ${name}, which it does not read`);
    const shape = places ? [lengthOf(places, 0), ...array.shape.slice(1)] : array.shape;
    if (!isSameShape(value.shape, shape)) refuse(value.op, [value], `${name} takes ${shapeText(shape)}`);
  }
}

/**
 * Records a term's expression.
 *
 * @param term - made by a method for `shapes`
 * @param shapes - of both sides' taps
 * @param sources - the batch's size, and where arrays come from
 * @returns the expression, and what it reads beside taps
 * @throws Error for an expression that is no scalar, or does not use each adapter once (bugs of the method)
 */
export function recordTerm(term: KdLoss, shapes: TapShapes, sources: TermSources): RecordedTerm {
  const { images, labels, indices, pass, prefix } = sources;
  const tapsOf =
    (side: 'student' | 'teacher') =>
    (tap: string): Node => {
      const shape = shapes[side][tap];
      if (!shape) throw new Error(`the term reads ${tap}, which its method does not name`);
      return sources[side](tap, tapDimensions(tap, images, shape));
    };
  const [step, memory] = [ownArrays(prefix), ownArrays(prefix)];
  const made = term.loss({
    ...{ images, labels, indices, student: tapsOf('student'), teacher: tapsOf('teacher'), step: step.ask },
    memory: (name, shape) => {
      if (term.memory?.get(name)?.length !== sizeOf(shape))
        throw new Error(`the term’s memory has no ${name} of shape ${shapeText(shape)}`);
      return memory.ask(name, shape);
    },
    adapt: (adapter, map) => adapterNode(adapter, map, pass),
  });
  const { loss, remember } = 'op' in made ? { loss: made, remember: [] } : made;
  if (loss.shape.length > 0) refuse(loss.op, [loss], 'a term is a scalar');
  const { adapters = [] } = term;
  requireOneUse(loss, remember, adapters);
  requirePlaces(remember, memory.made);
  return { loss, remember, step: step.made, memory: memory.made, adapters };
}
