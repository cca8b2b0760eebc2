import { add } from '../algebra/arithmetic.ts';
import type { Adapter } from '../algebra/adapter.ts';
import { differentiate } from '../algebra/gradients.ts';
import type { AdapterCall, Node } from '../algebra/node.ts';
import { inOrder } from '../algebra/order.ts';
import { merge } from '../algebra/share.ts';
import { at } from '../../util/at.ts';
import type { EngineArray, ExpressionOptions } from '../engines/engine.ts';
import type { LossTerm } from './loss-terms.ts';
import { totalOf, type RecordedObjective } from './record-objective.ts';

/** Losses and gradients, and what the caller has to fill. */
export interface CompiledObjective {
  readonly options: ExpressionOptions;
  /** Names of the inputs that nothing in the engine stands for. */
  readonly filled: ReadonlySet<string>;
}

/** The gradient in a tap of a pass, and where it goes. */
interface TapGradient {
  readonly value: Node;
  readonly to: EngineArray;
}

/**
 * Gradients of all passes' totals. A pass is differentiated on its own, the first one first: the second pass of an adapter
 * adds its gradients to those of the first.
 */
function gradientsOf(recorded: RecordedObjective): { gradients: readonly TapGradient[]; effects: readonly Node[] } {
  const taps = recorded.passes.flatMap(({ step, taps: nodes }) =>
    [...nodes].map(([tap, node]) => {
      const to = step.array(tap === 'logits' ? 'logits-gradient' : `tap-gradient:${tap}`);
      return { node, to };
    }),
  );
  const nodes = taps.map(({ node }) => node);
  const totals = recorded.passes.flatMap((_, pass) => totalOf(recorded, pass) ?? []);
  const parts = totals.map((total) => differentiate(total, nodes));
  const sum = (k: number): Node =>
    parts.map(({ gradients }) => at(gradients, k)).reduce((total, gradient) => add(total, gradient));
  return {
    gradients: taps.map(({ to }, k) => ({ value: sum(k), to })),
    effects: parts.flatMap(({ adapters }) => adapters),
  };
}

/** Arrays of the engine that inputs stand for. */
function boundInputs({ passes, terms, batch }: RecordedObjective): Readonly<Record<string, EngineArray>> {
  const student = passes.flatMap(({ step, taps }) =>
    [...taps].map(([tap, node]) => {
      const array = step.array(tap === 'logits' ? 'logits' : `tap:${tap}`);
      return [node.attributes.name, array] as const;
    }),
  );
  const own = terms.flatMap(({ term, recorded }) => [
    ...Object.entries(term.teacherArrays(batch)),
    ...Object.entries(recorded.memory).map(([name, node]) => [node.attributes.name, term.memory(name)] as const),
  ]);
  return Object.fromEntries([...student, ...own]);
}

/** Who trains each adapter. */
function ownersOf({ terms }: RecordedObjective): ReadonlyMap<Adapter, LossTerm> {
  return new Map(terms.flatMap(({ term, recorded }) => recorded.adapters.map((adapter) => [adapter, term] as const)));
}

/** The same losses, with what they have in common once. */
function merged(made: RecordedObjective): RecordedObjective {
  const own = made.terms.flatMap(({ recorded: { loss, remember } }) => [loss, ...remember.map(({ value }) => value)]);
  const map = merge([made.supervised, ...own]);
  return {
    ...made,
    supervised: map(made.supervised),
    terms: made.terms.map(({ recorded, ...term }) => ({
      ...term,
      recorded: {
        ...recorded,
        loss: map(recorded.loss),
        remember: recorded.remember.map((entry) => ({ ...entry, value: map(entry.value) })),
      },
    })),
  };
}

const namesOf = (roots: readonly Node[]): ReadonlySet<string> =>
  new Set(inOrder(roots).flatMap((node) => (node.op === 'input' ? [node.attributes.name] : [])));

/**
 * Differentiates what is minimised, and merges what its parts have in common, before and after.
 *
 * @param made - all losses
 * @returns what the session is to compile
 */
export function compileObjective(made: RecordedObjective): CompiledObjective {
  const recorded = merged(made);
  const { passes, terms, supervised, batch } = recorded;
  const { gradients, effects } = gradientsOf(recorded);
  const values = terms.map(({ name, pass, recorded: { loss } }) => [`${name}/${pass}`, loss] as const);
  const results: Readonly<Record<string, Node>> = Object.fromEntries([['loss', supervised], ...values]);
  // Of several passes the last one is remembered.
  const remembered = terms
    .filter(({ pass }) => pass === passes.length - 1)
    .flatMap(({ term, recorded: { remember } }) =>
      remember.map((entry) => ({ ...entry, to: term.memory(entry.name) })),
    );
  const roots = [
    ...Object.values(results),
    ...gradients.map(({ value }) => value),
    ...remembered.map(({ value }) => value),
    ...remembered.flatMap(({ places }) => places ?? []),
    ...effects,
  ];
  const map = merge(roots);
  const owners = ownersOf(recorded);
  const inputs = boundInputs(recorded);
  const options: ExpressionOptions = {
    inputs,
    adapter: (call: AdapterCall) => {
      const owner = owners.get(call.adapter);
      if (!owner) throw new Error(`nobody trains adapter ${call.adapter.name}`);
      return owner.adapterRun(call, batch);
    },
    results: Object.fromEntries(Object.entries(results).map(([name, node]) => [name, map(node)])),
    writes: gradients.map(({ value, to }) => ({ value: map(value), to })),
    updates: remembered.map(({ value, places, to }) => ({
      value: map(value),
      to,
      ...(places && { places: map(places) }),
    })),
    effects: effects.map(map),
  };
  const filled = new Set([...namesOf(roots.map(map))].filter((name) => !Object.hasOwn(inputs, name)));
  return { options, filled };
}
