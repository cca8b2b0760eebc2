import type { PrimitiveName } from '../primitives.ts';
import { convolution } from './convolution.ts';
import { dropout } from './dropout.ts';
import { elementwise } from './elementwise.ts';
import type { Implementations } from './implementations.ts';
import { normalization } from './normalization.ts';
import { optimizers } from './optimizers.ts';
import { pooling } from './pooling.ts';

/** Every primitive in float64, written to be read against primitives.ts. */
export const REFERENCE: Implementations<PrimitiveName> = {
  ...convolution,
  ...normalization,
  ...elementwise,
  ...dropout,
  ...pooling,
  ...optimizers,
};
