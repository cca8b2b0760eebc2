import type { ParameterSpec } from '../network/network.ts';
import { isFloating } from './elements.ts';

/**
 * What stands beside weights and is none, even where it is a float: PyTorch's counter of training batches, and what thop leaves in every
 * module of a network whose operations it has counted.
 */
const COUNTER = /(^|\.)(num_batches_tracked|total_ops|total_params)$/;

/** What is known of a tensor without reading it. */
interface Described {
  readonly dtype: string;
  readonly shape: readonly number[];
}

/** How the tensors of a file differ from those of a network. */
export interface Comparison {
  /** Names that the file lacks. */
  readonly missing: readonly string[];
  /** Tensors of other shapes, in words. */
  readonly shaped: readonly string[];
  /** Floating-point tensors of the file that the network has not. Counters and masks are no weights. */
  readonly unknown: readonly string[];
}

/**
 * Compares the tensors of a file with those of a network.
 *
 * @param tensors - of the file
 * @param parameters - of the network
 * @param prefix - what stands before the network's names in the file; tensors without it are not looked at
 * @returns the differences
 */
export function compare(
  tensors: ReadonlyMap<string, Described>,
  parameters: readonly ParameterSpec[],
  prefix = '',
): Comparison {
  const missing: string[] = [];
  const shaped: string[] = [];
  for (const { name, shape } of parameters) {
    const tensor = tensors.get(prefix + name);
    if (!tensor) missing.push(name);
    else if (tensor.shape.join() !== shape.join())
      shaped.push(`${name} [${tensor.shape.join()}] for [${shape.join()}]`);
  }
  const names = new Set(parameters.map(({ name }) => prefix + name));
  const unknown = [...tensors].flatMap(([name, { dtype }]) =>
    name.startsWith(prefix) && !names.has(name) && isFloating(dtype) && !COUNTER.test(name)
      ? [name.slice(prefix.length)]
      : [],
  );
  return { missing, shaped, unknown };
}

/**
 * Says whether all of a network's tensors are there.
 *
 * @param comparison - of a file with it
 * @returns true also where the file has more
 */
export const isComplete = ({ missing, shaped }: Comparison): boolean => missing.length + shaped.length === 0;

/** Up to three names, and how many more. */
function some(names: readonly string[]): string {
  const more = names.length > 3 ? ` and ${names.length - 3} more` : '';
  return `${names.slice(0, 3).join(', ')}${more}`;
}

/**
 * The differences in words.
 *
 * @param comparison - of a file with a network
 * @returns a predicate of the file: `lacks fc.weight; has unknown tensors: head.weight`; an empty text where there are none
 */
export const differenceText = ({ missing, shaped, unknown }: Comparison): string =>
  [
    ...(missing.length > 0 ? [`lacks ${some(missing)}`] : []),
    ...(shaped.length > 0 ? [`has other shapes: ${some(shaped)}`] : []),
    ...(unknown.length > 0 ? [`has unknown tensors: ${some(unknown)}`] : []),
  ].join('; ');
