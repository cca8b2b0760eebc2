import { isSameShape, type Node, type NodeOf } from '../../../algebra/node.ts';
import { ELEMENTWISE, FUNCTIONS, packInstruction, type FunctionName } from '../../array-primitives.ts';

/** A node that computes each of its elements from one of each input. */
export type ElementwiseNode = { readonly [F in Exclude<FunctionName, 'copy'>]: NodeOf<F> }[Exclude<
  FunctionName,
  'copy'
>];

/** Whether a node is one. */
export const isElementwise = (node: Node): node is ElementwiseNode => Object.hasOwn(FUNCTIONS, node.op);

const isConstant = (node: Node): node is NodeOf<'constant'> => node.op === 'constant';

/** A tree of elementwise nodes that is computed in one walk. */
export interface Fused {
  /** Arrays that it reads, in the order of the inputs of the primitive. */
  readonly leaves: readonly Node[];
  /** Numbers of the primitive. */
  readonly code: readonly number[];
  readonly constants: readonly number[];
}

/** Nodes of a walk, with all that it reads and names. */
interface Parts {
  /** In the order in which they were made. */
  readonly members: readonly ElementwiseNode[];
  readonly leaves: readonly Node[];
  readonly constants: readonly number[];
}

function partsOf(members: ReadonlySet<ElementwiseNode>): Parts {
  const inside: ReadonlySet<Node> = members;
  const inputs = [...members].flatMap((node) => node.inputs);
  const constants = inputs.filter(isConstant).map(({ attributes }) => attributes.value);
  return {
    members: [...members].sort((a, b) => a.serial - b.serial),
    leaves: [...new Set(inputs.filter((node) => !inside.has(node) && !isConstant(node)))],
    constants: [...new Set(constants)],
  };
}

/** Registers by node. Those of leaves stay; others are given back when nobody reads them any more. */
function placeRegisters({ members, leaves }: Parts): ReadonlyMap<Node, number> | undefined {
  const places = new Map<Node, number>(leaves.map((leaf, k) => [leaf, k]));
  const free = Array.from({ length: ELEMENTWISE.registers - leaves.length }, (_, k) => ELEMENTWISE.registers - 1 - k);
  const lastReader = new Map<Node, Node>(members.flatMap((node) => node.inputs.map((input) => [input, node] as const)));
  for (const node of members) {
    for (const input of new Set(node.inputs)) {
      const place = places.get(input);
      if (place !== undefined && lastReader.get(input) === node && !leaves.includes(input)) free.push(place);
    }
    const place = free.pop();
    if (place === undefined) return undefined;
    places.set(node, place);
  }
  return places;
}

const fits = (parts: Parts): boolean =>
  parts.members.length <= ELEMENTWISE.instructions &&
  parts.leaves.length <= ELEMENTWISE.inputs &&
  parts.constants.length <= ELEMENTWISE.constants &&
  placeRegisters(parts) !== undefined;

/**
 * A walk that reads an array, or a number, as it is.
 *
 * @param node - its node
 * @returns the walk's program
 */
export function readOnly(node: Node): Fused {
  const [leaves, constants] = isConstant(node) ? [[], [node.attributes.value]] : [[node], []];
  const of = isConstant(node) ? ELEMENTWISE.registers : 0;
  return { leaves, constants, code: [packInstruction({ function: 'copy', to: 1, of: [of] })] };
}

function encode(parts: Parts): Fused {
  const places = placeRegisters(parts);
  const register = (node: Node): number => {
    if (isConstant(node)) return ELEMENTWISE.registers + parts.constants.indexOf(node.attributes.value);
    const place = places?.get(node);
    if (place === undefined) throw new Error(`${node.op} has no register`);
    return place;
  };
  const code = parts.members.map((node) =>
    packInstruction({ function: node.op, to: register(node), of: node.inputs.map(register) }),
  );
  return { leaves: parts.leaves, constants: parts.constants, code };
}

/**
 * Gathers what can be computed in one walk: a node, and those before it that nobody else reads.
 *
 * @param root - what is computed
 * @param mayJoin - whether an elementwise node may be computed within the walk, whose nodes are given
 * @returns the walk's program
 */
export function fuse(
  root: ElementwiseNode,
  mayJoin: (node: ElementwiseNode, members: ReadonlySet<Node>) => boolean,
): Fused {
  let members: ReadonlySet<ElementwiseNode> = new Set([root]);
  const grow = (): boolean => {
    for (const leaf of partsOf(members).leaves) {
      if (!isElementwise(leaf) || !isSameShape(leaf.shape, root.shape) || !mayJoin(leaf, members)) continue;
      const larger = new Set([...members, leaf]);
      if (!fits(partsOf(larger))) continue;
      members = larger;
      return true;
    }
    return false;
  };
  while (grow());
  return encode(partsOf(members));
}
