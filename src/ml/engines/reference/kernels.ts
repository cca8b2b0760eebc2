import type { PrimitiveName } from '../primitives.ts';
import type { Target } from '../target.ts';
import { convolutionFor } from './convolution.ts';
import { dropout } from './dropout.ts';
import { elementwise } from './elementwise.ts';
import type { Implementations } from './implementations.ts';
import { normalization } from './normalization.ts';
import { optimizers } from './optimizers.ts';
import { pooling } from './pooling.ts';
import { walks } from './walks.ts';

/**
 * Every primitive in float64, written to be read against primitives.ts.
 *
 * @param target - how filters lie in memory
 * @returns the implementations
 */
export const referenceKernels = (target: Target): Implementations<PrimitiveName> => ({
  ...convolutionFor(target),
  ...normalization,
  ...elementwise,
  ...dropout,
  ...pooling,
  ...optimizers,
  ...walks,
});
