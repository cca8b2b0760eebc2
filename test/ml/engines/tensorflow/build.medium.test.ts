import { describe, expect, it } from 'vitest';
import { lowerTraining } from '../../../../src/ml/engines/lower/lower.ts';
import { layoutOf } from '../../../../src/ml/engines/layout.ts';
import type { Region } from '../../../../src/ml/engines/program.ts';
import { build } from '../../../../src/ml/engines/tensorflow/build.ts';
import { Lives } from '../../../../src/ml/engines/tensorflow/lives.ts';
import { controlBits } from '../../../../src/ml/engines/tensorflow/round.ts';
import { TENSORFLOW_TARGET } from '../../../../src/ml/engines/tensorflow/target.ts';
import { assortedNetwork } from '../../../support/assorted-network.ts';
import { CONTROLS } from '../../../support/primitive.ts';

const ADAMW = { name: 'adamw', beta1: 0.9, beta2: 0.999, eps: 1e-8 } as const;
const network = assortedNetwork();
const program = lowerTraining(network, { target: TENSORFLOW_TARGET, batch: 2, taps: [] }, ADAMW);
const layout = layoutOf(network, TENSORFLOW_TARGET);

const SPACES = ['parameter', 'gradient', 'slot0', 'slot1'] as const;
const region = (address: number, floats: number): Region => ({ address, floats });
const memory = {
  step: region(0, program.floats),
  statistic: region(1, layout.statistics),
  ...Object.fromEntries(SPACES.map((space, k) => [space, region(2 + k, layout.parameters)])),
};
const compiled = { id: 7, program, memory, lives: new Lives(program) };
const parts = (['forward', 'backward', 'update'] as const).map((section) => ({ compiled, section }));
const whole = build([{ name: 'step', parts }], { gpu: false, tables: new Map() });
const apart = build(
  parts.map((part) => ({ name: part.section, parts: [part] })),
  { gpu: false, tables: new Map() },
);
const cellsOf = (built: typeof whole, address: number) =>
  built.partition.all().filter((cell) => cell.region === address);

describe('a graph of rounds', () => {
  it('has nodes of unlike names that TensorFlow allows, each after those that it reads', () => {
    const seen = new Set<string>();
    for (const { name, inputs } of whole.nodes) {
      expect(name).toMatch(/^[A-Za-z0-9.][A-Za-z0-9_>./-]*$/);
      for (const input of inputs) expect(seen).toContain(input.replace(/^\^/, '').replace(/:\d+$/, ''));
      expect(seen).not.toContain(name);
      seen.add(name);
    }
  });

  it('gives every parameter, and whatever belongs to it, a variable of its own', () => {
    const slots = [...layout.slots.values()].filter(({ space }) => space === 'parameter');
    const places = slots.map(({ offset, floats }) => [offset, offset + floats]).sort((a, b) => a[0]! - b[0]!);
    for (const address of [2, 3, 4, 5])
      expect(cellsOf(whole, address).map(({ from, to }) => [from, to])).toEqual(places);
  });

  it('keeps nothing of a whole step’s memory but its ports; of sections apart, what the next one reads', () => {
    const ports = Object.values(program.ports);
    expect(cellsOf(whole, 0)).toHaveLength(ports.length);
    expect(cellsOf(apart, 0).length).toBeGreaterThan(ports.length);
  });

  it('updates all variables in place, none twice', () => {
    const updates = whole.nodes.filter(({ op }) => op === 'ResourceApplyAdam').map(({ inputs }) => inputs[0]);
    expect(new Set(updates)).toEqual(new Set(cellsOf(whole, 2).map(({ from }) => `cell2.${from}`)));
    expect(updates).toHaveLength(new Set(updates).size);
  });
});

describe('the bits of controls', () => {
  it('are whole numbers, and those of floats', () => {
    const bits = controlBits([CONTROLS, { ...CONTROLS, seed: 2 ** 31 }]);
    expect(bits.subarray(0, 2)).toEqual(Int32Array.of(7, 3));
    expect(new Float32Array(bits.buffer)[2]).toBe(Math.fround(0.01));
    expect(bits[7]).toBe(-(2 ** 31));
  });
});
