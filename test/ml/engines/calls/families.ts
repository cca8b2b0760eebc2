import { arrays } from './arrays.ts';
import { channelwise } from './channelwise.ts';
import { convolutions } from './convolution.ts';
import { elementwise } from './elementwise.ts';
import { normalizations } from './normalization.ts';
import { optimizers } from './optimizers.ts';
import { pools } from './pooling.ts';

/** Calls of every primitive in float32. */
export const families = { convolutions, channelwise, pools, normalizations, elementwise, optimizers, arrays };
