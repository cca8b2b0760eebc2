import { describe, expect, it } from 'vitest';
import { FailureError } from '../../../src/core/failure.ts';
import type { ParameterSpec } from '../../../src/ml/network/network.ts';
import { decodeSafetensors, encodeSafetensors } from '../../../src/ml/weights/safetensors.ts';
import type { StoredTensor } from '../../../src/ml/weights/tensor-file.ts';
import { stateDictOf, tensorsOf } from '../../../src/ml/weights/state-dict.ts';

const parameters: readonly ParameterSpec[] = [
  { name: 'conv1.weight', role: 'conv.weight', shape: [2, 3, 1, 1], trained: true },
  { name: 'bn1.weight', role: 'bn.weight', shape: [2], trained: true },
  { name: 'bn1.bias', role: 'bn.bias', shape: [2], trained: true },
  { name: 'bn1.running_mean', role: 'bn.mean', shape: [2], trained: false },
  { name: 'bn1.running_var', role: 'bn.var', shape: [2], trained: false },
];

const state = new Map(
  parameters.map(({ name, shape }, k) => {
    const length = shape.reduce((product, size) => product * size, 1);
    return [name, Float32Array.from({ length }, (_, i) => k + i / 8)];
  }),
);

function written(): Map<string, StoredTensor> {
  return new Map(tensorsOf(parameters, state, 42));
}

function failure(tensors: ReadonlyMap<string, StoredTensor>): string {
  try {
    stateDictOf({ tensors, metadata: {} }, parameters, 'w.safetensors');
  } catch (error) {
    if (error instanceof FailureError) return error.message;
    throw error;
  }
  return 'was read';
}

describe('a state dict', () => {
  it('comes back from a file bit for bit, in the order of the network', () => {
    const bytes = encodeSafetensors({ tensors: written(), metadata: {} });
    const back = stateDictOf(decodeSafetensors(bytes, 'w'), parameters, 'w');
    expect([...back]).toEqual([...state]);
  });

  it('has PyTorch’s batch counter beside the running statistics, as a 64-bit scalar', () => {
    const tensors = written();
    expect([...tensors.keys()]).toEqual([
      ...parameters.slice(0, 4).map(({ name }) => name),
      'bn1.num_batches_tracked',
      'bn1.running_var',
    ]);
    expect(tensors.get('bn1.num_batches_tracked')).toEqual({ dtype: 'I64', shape: [], values: BigInt64Array.of(42n) });
  });

  it('is read with or without the counter', () => {
    const tensors = written();
    tensors.delete('bn1.num_batches_tracked');
    expect(failure(tensors)).toBe('was read');
  });

  it('is read with the counts of operations that thop leaves behind', () => {
    const tensors = written();
    for (const name of ['total_ops', 'bn1.total_params'])
      tensors.set(name, { dtype: 'F32', shape: [1], values: new Float32Array(1) });
    expect(failure(tensors)).toBe('was read');
  });

  it('with missing, wrongly shaped and unknown tensors is refused, all of them named', () => {
    const tensors = written();
    tensors.delete('conv1.weight');
    tensors.set('bn1.bias', { dtype: 'F32', shape: [1], values: new Float32Array(1) });
    tensors.set('fc.weight', { dtype: 'F32', shape: [1], values: new Float32Array(1) });
    expect(failure(tensors)).toBe(
      'w.safetensors lacks conv1.weight; has other shapes: bn1.bias [1] for [2]; has unknown tensors: fc.weight',
    );
  });

  it('of an altogether different model names the first three and counts the rest', () => {
    expect(failure(new Map())).toBe('w.safetensors lacks conv1.weight, bn1.weight, bn1.bias and 2 more');
  });

  it.each([
    ['conv1.weight', 4, NaN, 'conv1.weight[1, 1, 0, 0] is NaN'],
    ['bn1.bias', 1, Infinity, 'bn1.bias[1] is Infinity'],
    ['bn1.running_var', 0, -Infinity, 'bn1.running_var[0] is -Infinity'],
  ])('with a value of %s that is no number is refused, with its place', (name, index, value, said) => {
    const tensors = written();
    const { shape } = parameters.find((spec) => spec.name === name)!;
    tensors.set(name, { dtype: 'F32', shape, values: state.get(name)!.with(index, value) });
    expect(failure(tensors)).toBe(`w.safetensors: ${said}`);
  });

  it('that lacks a value is a bug of the writer', () => {
    expect(() => tensorsOf(parameters, new Map(), 0)).toThrow(RangeError);
  });
});
