import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { layoutOf } from '../../../src/ml/engines/layout.ts';
import { lowerInference, lowerTraining } from '../../../src/ml/engines/lower/lower.ts';
import { PRIMITIVES, type Access } from '../../../src/ml/engines/primitives.ts';
import type { Operation, Port, Program, Ref } from '../../../src/ml/engines/program.ts';
import type { Model } from '../../../src/ml/models/model.ts';
import { models, type ModelName } from '../../../src/ml/models/registry.ts';
import type { Network } from '../../../src/ml/network/network.ts';
import { assortedNetwork, gatedNetwork } from '../../support/assorted-network.ts';
import { networks } from './random-network.ts';
import { KERNEL_TARGET } from '../../../src/ml/engines/kernels/target.ts';

const SGD = { name: 'sgd', momentum: 0.9, nesterov: true } as const;

/** One operand of an operation, and whether the operation reads, writes or merely spoils it. */
interface Use {
  readonly operation: Operation;
  readonly name: string;
  readonly ref: Ref;
  readonly reads: boolean;
  readonly writes: boolean;
  readonly scratch: boolean;
}

/** With `accumulate` = 0 what the table calls `inout` is only written. */
function usesOf(operation: Operation): Use[] {
  const accesses: Readonly<Record<string, Access>> = PRIMITIVES[operation.primitive].operands;
  const operands: Readonly<Record<string, Ref | null>> = operation.operands;
  const fresh = 'accumulate' in operation.numbers && operation.numbers.accumulate === 0;
  return Object.entries(accesses).flatMap(([name, access]) => {
    const ref = operands[name];
    if (!ref) {
      expect(access, `${operation.primitive} goes without ${name}`).toMatch(/\?$/);
      return [];
    }
    const reads = access.startsWith('in') && !(access === 'inout' && fresh);
    return [{ operation, name, ref, reads, writes: /out$/.test(access), scratch: access.startsWith('scratch') }];
  });
}

const everything = ({ sections }: Program): Operation[] => [
  ...sections.forward,
  ...sections.backward,
  ...sections.update,
];

/** Uses of the step's own memory, by buffer, in the order in which they happen. */
function stepUses(program: Program): Map<number, Use[]> {
  const found = new Map<number, Use[]>();
  for (const use of everything(program).flatMap(usesOf)) {
    const { ref } = use;
    if (ref.space === 'step') found.set(ref.buffer, [...(found.get(ref.buffer) ?? []), use]);
  }
  return found;
}

/** Buffers of ports by direction; those of a network all lie in its step's memory. */
function portBuffers(program: Program, direction?: Port['direction']): number[] {
  const ports = Object.values(program.ports).filter((port) => !direction || port.direction === direction);
  return ports.map(({ ref }) => (ref.space === 'step' ? ref.buffer : expect.fail('a port lies elsewhere')));
}

const say = (use: Use): string => `${use.name} of ${use.operation.primitive}`;

/** Reads of buffers that nobody has written before. */
function unwritten(program: Program): string[] {
  const inputs = new Set(portBuffers(program, 'in'));
  return [...stepUses(program)].flatMap(([buffer, [first]]) =>
    first?.reads && !inputs.has(buffer) ? [say(first)] : [],
  );
}

/** Buffers that are filled though nobody reads them. */
function unread(program: Program): string[] {
  const shown = new Set(portBuffers(program));
  return [...stepUses(program)].flatMap(([buffer, uses]) => {
    const [first] = uses;
    const idle = first && !first.scratch && !shown.has(buffer) && !uses.some((use) => use.reads);
    return idle ? [say(first)] : [];
  });
}

/** Scratch that holds something before or after its one operation. */
function keptScratch(program: Program): string[] {
  return [...stepUses(program).values()].flatMap((uses) =>
    uses.length > 1 ? uses.filter((use) => use.scratch).map(say) : [],
  );
}

/** Operations that overwrite what only the caller may write. */
function spoiltInputs(program: Program): string[] {
  const uses = stepUses(program);
  return portBuffers(program, 'in').flatMap((buffer) =>
    (uses.get(buffer) ?? []).filter((use) => use.writes || use.scratch).map(say),
  );
}

/** Offsets of a space that some operations write, ascending. */
function written(operations: readonly Operation[], space: Exclude<Ref['space'], 'step'>): number[] {
  const offsets = operations
    .flatMap(usesOf)
    .flatMap(({ ref, writes }) => (writes && ref.space === space ? [ref.offset] : []));
  return offsets.sort((a, b) => a - b);
}

function offsetsOf(network: Network, space: 'parameter' | 'statistic'): number[] {
  const slots = [...layoutOf(network, KERNEL_TARGET).slots.values()].filter((slot) => slot.space === space);
  return slots.map((slot) => slot.offset).sort((a, b) => a - b);
}

function checkSound(program: Program): void {
  expect(unwritten(program)).toEqual([]);
  expect(keptScratch(program)).toEqual([]);
  expect(spoiltInputs(program)).toEqual([]);
}

function checkPorts(network: Network, program: Program, training: boolean): void {
  const taps = Object.keys(network.taps).filter((name) => name !== 'logits');
  const gradients = training ? ['logits-gradient', ...taps.map((name) => `tap-gradient:${name}`)] : [];
  const differentiable = network.layers[0]?.kind === 'input' && network.layers[0].differentiable;
  const input = training && differentiable ? ['input-gradient'] : [];
  const named = ['input', 'logits', ...taps.map((name) => `tap:${name}`), ...gradients, ...input];
  expect(Object.keys(program.ports).sort()).toEqual(named.sort());
  // Taps of one layer may share a port's memory; otherwise ports lie side by side.
  const places = new Map(
    portBuffers(program).map((buffer, k) => [
      buffer,
      { from: program.offsets[buffer]!, floats: Object.values(program.ports)[k]!.floats },
    ]),
  );
  let end = 0;
  for (const { from, floats } of [...places.values()].sort((a, b) => a.from - b.from)) {
    expect(from).toBeGreaterThanOrEqual(end);
    end = from + floats;
  }
  expect(end).toBeLessThanOrEqual(program.floats);
}

function checkTraining(network: Network, recompute: boolean): void {
  const taps = Object.keys(network.taps);
  const program = lowerTraining(network, { target: KERNEL_TARGET, batch: 2, taps }, SGD, { average: true, recompute });
  checkSound(program);
  checkPorts(network, program, true);
  const { forward, backward, update } = program.sections;
  const layout = layoutOf(network, KERNEL_TARGET);
  expect(written(backward, 'gradient')).toEqual(offsetsOf(network, 'parameter'));
  expect(written(forward, 'statistic')).toEqual(offsetsOf(network, 'statistic'));
  // Nothing else of the session's memory changes before the update.
  for (const space of ['parameter', 'slot0', 'slot1', 'parameter-average', 'statistic-average'] as const)
    expect(written([...forward, ...backward], space)).toEqual([]);
  expect(written(forward, 'gradient')).toEqual([]);
  expect(written(backward, 'statistic')).toEqual([]);
  expect(update.map(({ primitive, numbers }) => [primitive, 'count' in numbers && numbers.count])).toEqual([
    ['sgd', layout.decayed],
    ['sgd', layout.parameters - layout.decayed],
    ['moving-average', layout.parameters],
    ['moving-average', layout.statistics],
  ]);
  expect(written(update, 'parameter')).toEqual([0, layout.decayed]);
  checkSecond(network, program, recompute);
}

/** A second pass is the same program, but for what it does with its gradients. */
function checkSecond(network: Network, first: Program, recompute: boolean): void {
  const options = { target: KERNEL_TARGET, batch: 2, taps: Object.keys(network.taps), secondPass: true };
  const { sections, ...rest } = lowerTraining(network, options, SGD, { average: true, recompute });
  const sum = { space: 'gradient-sum', offset: 0 };
  const { sections: _, ...expected } = first;
  expect(rest).toEqual(expected);
  expect(sections).toEqual({
    forward: first.sections.forward,
    backward: [
      ...first.sections.backward,
      {
        primitive: 'add',
        operands: { a: sum, b: { space: 'gradient', offset: 0 }, y: sum },
        numbers: { count: layoutOf(network, KERNEL_TARGET).parameters, activation: 0 },
      },
    ],
    update: [],
  });
}

function checkInference(network: Network): void {
  const program = lowerInference(network, { target: KERNEL_TARGET, batch: 2, taps: Object.keys(network.taps) });
  checkSound(program);
  checkPorts(network, program, false);
  expect(unread(program)).toEqual([]);
  const { forward, backward, update } = program.sections;
  expect([...backward, ...update]).toEqual([]);
  const primitives = forward.map(({ primitive }) => primitive);
  const training = ['batch-norm-statistics', 'batch-norm-output', 'dropout', 'stochastic-depth'];
  expect(primitives.filter((primitive) => training.includes(primitive))).toEqual([]);
  const norms = network.layers.filter((layer) => layer.kind === 'batch-norm').length;
  expect(primitives.filter((primitive) => primitive === 'fold-batch-norm')).toHaveLength(norms);
  // It only looks at the session's weights and statistics.
  const spaces = forward.flatMap(usesOf).flatMap((use) => (use.writes || use.scratch ? [use.ref.space] : []));
  expect(new Set(spaces)).toEqual(new Set(['step']));
}

const built = (Object.keys(models) as ModelName[]).map((name) => {
  const model: Model = models[name];
  const size = { height: model.minimumSize, width: model.minimumSize, channels: 3 };
  return { name, network: () => model.build(size, 5) };
});
const known = [
  { name: 'the assorted network', network: assortedNetwork },
  { name: 'the gated network', network: gatedNetwork },
  ...built,
];

describe.each(known)('programs of $name', ({ network }) => {
  it('for evaluation only read weights, and fold each batch norm once', () => checkInference(network()));

  it('for training write each gradient once and leave the rest to the update', () => checkTraining(network(), false));

  it('for training do the same when values are computed again', () => checkTraining(network(), true));

  it.each([false, true])('for training fill no buffer in vain, recomputing: %s', (recompute) => {
    expect(unread(lowerTraining(network(), { target: KERNEL_TARGET, batch: 2, taps: [] }, SGD, { recompute }))).toEqual(
      [],
    );
  });
});

describe('programs of any network', () => {
  it('for evaluation only read weights, and fold each batch norm once', () => {
    fc.assert(fc.property(networks, checkInference));
  });

  it('for training write each gradient once, whatever is computed again', () => {
    fc.assert(fc.property(networks, fc.boolean(), checkTraining));
  });

  it('take no less memory for a larger batch, which the search for the largest one relies on', () => {
    const sizes = (network: Network): number[] =>
      [2, 3, 5, 8, 13].map((batch) => lowerTraining(network, { target: KERNEL_TARGET, batch, taps: [] }, SGD).floats);
    fc.assert(
      fc.property(networks, (network) => {
        const found = sizes(network);
        expect(found).toEqual(found.toSorted((a, b) => a - b));
      }),
    );
  });

  it('are the same each time', () => {
    fc.assert(
      fc.property(networks, (network) => {
        const once = () =>
          lowerTraining(network, { target: KERNEL_TARGET, batch: 2, taps: Object.keys(network.taps) }, SGD);
        expect(once()).toEqual(once());
      }),
      { numRuns: 20 },
    );
  });
});
