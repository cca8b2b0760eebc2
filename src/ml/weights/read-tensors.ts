import { fail } from '../../core/failure.ts';
import { elementsIn } from './elements.ts';
import type { Checkpoint, FileTensor, StoredTensor } from './tensor-file.ts';

/** Most bytes that tensors are read to, for one of their file: halves become twice as many, and two names may share one. */
const MOST_TIMES = 4;

/**
 * Reads tensors, after what they are together is known: many of one file may look at the same bytes.
 *
 * @param wanted - tensors by the names that they get
 * @param of - the file that they lie in
 * @param of.size - its bytes
 * @param file - its name for messages
 * @returns their values, in that order
 * @throws FailureError `damaged-weights` where they are far more than the file, before any is read
 */
export function readTensors(
  wanted: ReadonlyMap<string, FileTensor>,
  { size }: Pick<Checkpoint, 'size'>,
  file: string,
): ReadonlyMap<string, StoredTensor> {
  const bytes = [...wanted.values()].reduce(
    (sum, { dtype, shape }) => sum + elementsIn(shape) * (dtype === 'I64' ? 8 : 4),
    0,
  );
  if (bytes > MOST_TIMES * size)
    fail({
      code: 'damaged-weights',
      message: `${file} has ${size} bytes, of which its tensors would be ${bytes}`,
      place: { file },
      expected: `at most ${MOST_TIMES} times as many as the file has`,
      fix: 'save the weights again, each tensor as a copy of its own: {k: v.clone() for k, v in state_dict.items()}',
    });
  return new Map([...wanted].map(([name, tensor]) => [name, tensor.read(name)]));
}
