import { fail } from '../../core/failure.ts';
import type { ParameterSpec, StateDict } from '../network/network.ts';
import { compare, differenceText } from './comparison.ts';
import { elementsIn } from './elements.ts';
import type { StoredTensor, TensorFile } from './tensor-file.ts';

const MEAN = /\.running_mean$/;

/**
 * Lays a state dict out as PyTorch's `state_dict()` does, `num_batches_tracked` of every batch norm included, so that
 * `load_state_dict(strict=True)` takes it.
 *
 * @param parameters - the network's state-dict entries
 * @param state - values of every one of them
 * @param batches - training batches that made the running statistics
 * @returns tensors for a .safetensors file
 * @throws RangeError when an entry has no values or not as many as its shape says (a bug)
 */
export function tensorsOf(
  parameters: readonly ParameterSpec[],
  state: StateDict,
  batches: number,
): ReadonlyMap<string, StoredTensor> {
  const tensors = new Map<string, StoredTensor>();
  for (const { name, shape } of parameters) {
    const values = state.get(name);
    if (values?.length !== elementsIn(shape)) throw new RangeError(`${name}: ${values?.length ?? 0} values`);
    tensors.set(name, { dtype: 'F32', shape, values });
    const counter = name.replace(MEAN, '.num_batches_tracked');
    if (counter === name) continue;
    tensors.set(counter, { dtype: 'I64', shape: [], values: BigInt64Array.of(BigInt(batches)) });
  }
  return tensors;
}

/** Row-major position of a value in its tensor: `[2, 0, 1, 1]`. */
function positionOf(index: number, shape: readonly number[]): string {
  let rest = index;
  const position = shape.toReversed().map((length) => {
    const at = rest % length;
    rest = (rest - at) / length;
    return at;
  });
  return `[${position.toReversed().join(', ')}]`;
}

/** A network with a NaN or an infinity in it gives no number at all, and says nothing of where it came from. */
function requireFinite(state: StateDict, parameters: readonly ParameterSpec[], path: string): void {
  for (const { name, shape } of parameters) {
    const values = state.get(name) ?? new Float32Array();
    const first = values.findIndex((value) => !Number.isFinite(value));
    if (first === -1) continue;
    fail({
      code: 'non-finite-weights',
      message: `${path}: ${name}${positionOf(first, shape)} is ${values[first]}`,
      place: { file: path },
      expected: 'finite weights and running statistics',
      fix: 'take the weights of another run: these are of one that diverged, or were damaged',
    });
  }
}

/**
 * Takes a network's parameters out of a file: every name must be there with its shape, and no other.
 *
 * @param file - tensors read from a file
 * @param parameters - the network's state-dict entries
 * @param path - the file's name for messages
 * @returns values by name, in the order of `parameters`
 * @throws FailureError `wrong-weights` that names missing, unknown and wrongly shaped tensors
 * @throws FailureError `non-finite-weights` that names the first value that is NaN or infinite
 */
export function stateDictOf(file: TensorFile, parameters: readonly ParameterSpec[], path: string): StateDict {
  const floats = new Map(
    [...file.tensors].flatMap(([name, tensor]) => (tensor.dtype === 'F32' ? [[name, tensor]] : [])),
  );
  const differences = differenceText(compare(floats, parameters));
  if (differences === '') {
    const state = new Map(parameters.map(({ name }) => [name, floats.get(name)?.values ?? new Float32Array()]));
    requireFinite(state, parameters, path);
    return state;
  }
  return fail({
    code: 'wrong-weights',
    message: `${path} ${differences}`,
    place: { file: path },
    expected: `the ${parameters.length} tensors of the network`,
    fix: 'use weights of the same model with the same number of classes',
  });
}
