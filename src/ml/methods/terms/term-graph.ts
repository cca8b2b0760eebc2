import type { Shape } from '../../network/network.ts';
import { input } from '../algebra/inputs.ts';
import { refuse, type Dimensions, type Node, type NodeOf } from '../algebra/node.ts';
import type { KdLoss, TapShapes } from '../kd-method.ts';
import { LABELS } from './kd-loss.ts';
import { CLASSIFIER } from './taps.ts';

/** A term for batches of one size, in the order in which it is evaluated. */
export interface TermGraph {
  /** Every node once, behind its inputs. */
  readonly nodes: readonly Node[];
  /** A scalar. */
  readonly loss: Node;
  /** What a memory reads, by name. */
  readonly outputs: Readonly<Record<string, Node>>;
  /** The student's taps, read or not, by name. */
  readonly student: Readonly<Record<string, Node>>;
  /** Nodes whose values depend on the student or on what an adapter has learned: those that have gradients. */
  readonly differentiable: ReadonlySet<Node>;
}

/** Dimensions of a tap's values. */
const dimensions = (tap: string, images: number, { height, width, channels }: Shape): Dimensions =>
  tap === 'logits' ? [images, channels] : tap === CLASSIFIER ? [height, channels] : [images, height, width, channels];

/** All that some nodes are computed of, each once, in the order in which the method made them: inputs stand first. */
function inOrder(roots: readonly Node[]): readonly Node[] {
  const found = new Set<Node>();
  const visit = (node: Node): void => {
    if (found.has(node)) return;
    found.add(node);
    node.inputs.forEach(visit);
  };
  roots.forEach(visit);
  return [...found].sort((a, b) => a.serial - b.serial);
}

const isAdapter = (node: Node): node is NodeOf<'adapter'> => node.op === 'adapter';

function dependents(nodes: readonly Node[]): ReadonlySet<Node> {
  const found = new Set<Node>();
  for (const node of nodes) {
    const isSource = isAdapter(node) || (node.op === 'input' && node.attributes.source === 'student');
    if (isSource || node.inputs.some((from) => found.has(from))) found.add(node);
  }
  return found;
}

/** Each adapter of the term runs once: its gradients are those of its last pass. */
function requireOneUse(nodes: readonly Node[], { adapters = [] }: KdLoss): void {
  const used = nodes.filter(isAdapter).map(({ attributes }) => attributes.adapter);
  const unknown = used.find((adapter) => !adapters.includes(adapter));
  if (unknown) throw new Error(`adapter ${unknown.name} is none of the term’s`);
  const twice = used.find((adapter, at) => used.indexOf(adapter) !== at);
  if (twice) throw new Error(`adapter ${twice.name} runs twice`);
  const unread = adapters.find((adapter) => !used.includes(adapter));
  if (unread) throw new Error(`nothing reads the output of adapter ${unread.name}`);
}

/**
 * Records a term's expression.
 *
 * @param term - made by a method for `shapes`
 * @param shapes - of both sides' taps
 * @param images - of the batch
 * @returns its nodes in order
 * @throws Error for an expression that is no scalar, or does not use each adapter once (bugs of the method)
 */
export function recordTerm(term: KdLoss, shapes: TapShapes, images: number): TermGraph {
  const tapsOf = (side: 'student' | 'teacher'): Readonly<Record<string, Node>> =>
    Object.fromEntries(
      Object.entries(shapes[side]).map(([tap, shape]) => [
        tap,
        input(side, tap, { shape: dimensions(tap, images, shape) }),
      ]),
    );
  const [student, teacher] = [tapsOf('student'), tapsOf('teacher')];
  const find = (taps: Readonly<Record<string, Node>>) => (tap: string) => {
    const node = taps[tap];
    if (!node) throw new Error(`the term reads ${tap}, which its method does not name`);
    return node;
  };
  const labels = input('step', LABELS, { shape: [images], dtype: 'int32' });
  const made = term.loss({ images, labels, student: find(student), teacher: find(teacher) });
  const { loss, outputs } = 'op' in made ? { loss: made, outputs: {} } : made;
  if (loss.shape.length > 0 || loss.dtype !== 'float32') refuse(loss.op, [loss], 'a term is a scalar');
  const nodes = inOrder([loss, ...Object.values(outputs)]);
  requireOneUse(nodes, term);
  return { nodes, loss, outputs, student, differentiable: dependents(nodes) };
}
