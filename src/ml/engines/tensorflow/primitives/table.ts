import type { PrimitiveName } from '../../primitives.ts';
import { arrays } from './arrays.ts';
import type { Nodes } from './context.ts';
import { convolutions } from './convolution.ts';
import { drops } from './drops.ts';
import { elementwise } from './elementwise.ts';
import { normalizations } from './normalization.ts';
import { optimizers } from './optimizers.ts';
import { pools } from './pooling.ts';

/** Every primitive. */
export const PRIMITIVE_NODES: Nodes<PrimitiveName> = {
  ...arrays,
  ...convolutions,
  ...drops,
  ...elementwise,
  ...normalizations,
  ...optimizers,
  ...pools,
};
