import type { Numbers } from '../primitives.ts';
import type { Target } from '../target.ts';
import { at, put } from './arrays.ts';
import { roundToBfloat16 } from './bfloat16.ts';
import { finish } from './epilogue.ts';
import type { Implementations } from './implementations.ts';
import { readThrough } from './normalization.ts';
import { productsOver, type Products } from './products.ts';

type Dense = Omit<Numbers<'conv-input-gradient'>, 'accumulate' | 'bfloat16'>;
type Grouped = Numbers<'grouped-conv-filter-gradient'>;

/** Panels of output channels, [n / panel][tap · channels][panel]. */
const denseProducts = (target: Pick<Target, 'panel' | 'onePanel'>): Products<Dense> =>
  productsOver<Dense>((s, tap, visit) => {
    const panel = target.onePanel ? s.outChannels : target.panel;
    const depth = s.kernel * s.kernel * s.channels;
    for (let n = 0; n < s.outChannels; n += panel)
      for (let k = 0; k < s.channels; k++)
        visit(k, n, n * depth + (tap * s.channels + k) * panel, Math.min(panel, s.outChannels - n));
  });

/** [tap][input of the group][n]. */
const grouped = productsOver<Grouped>((s, tap, visit) => {
  for (let group = 0; group < s.groups; group++) {
    const n = group * s.groupOutputs;
    for (let i = 0; i < s.groupInputs; i++)
      visit(group * s.groupInputs + i, n, (tap * s.groupInputs + i) * s.outChannels + n, s.groupOutputs);
  }
});

/** A depthwise convolution is a grouped one with a group for each channel, padding included. */
const byChannel = <S extends { readonly channels: number }>(s: S) => ({
  ...s,
  outChannels: s.channels,
  groups: s.channels,
  groupInputs: 1,
  groupOutputs: 1,
});

/** Makes room for a gradient, unless it is added to what is there. */
function clear(
  dx: Float64Array,
  s: Pick<Dense, 'batch' | 'height' | 'width' | 'channels'> & { accumulate: number },
): void {
  if (!s.accumulate) dx.fill(0, 0, s.batch * s.height * s.width * s.channels);
}

const groupedConvolution: Implementations<
  | 'depthwise'
  | 'depthwise-input-gradient'
  | 'depthwise-filter-gradient'
  | 'grouped-conv'
  | 'grouped-conv-input-gradient'
  | 'grouped-conv-filter-gradient'
  | 'bias-gradient'
> = {
  depthwise({ x, inputNorm, filter, ...epilogue }, s) {
    finish(grouped.sums(readThrough(x, inputNorm, s), filter, byChannel(s)), epilogue, s);
  },
  'depthwise-input-gradient'({ dy, filter, dx }, s) {
    clear(dx, s);
    grouped.addInputGradient({ dy, filter, dx }, byChannel(s));
  },
  'depthwise-filter-gradient'({ x, inputNorm, dy, dfilter }, s) {
    dfilter.fill(0, 0, s.kernel * s.kernel * s.channels);
    grouped.addFilterGradient({ x: readThrough(x, inputNorm, s), dy, dfilter }, byChannel(s));
  },
  'grouped-conv'({ x, filter, ...epilogue }, s) {
    finish(grouped.sums(x, filter, s), epilogue, { channels: s.outChannels, activation: s.activation });
  },
  'grouped-conv-input-gradient'({ dy, filter, dx }, s) {
    clear(dx, s);
    grouped.addInputGradient({ dy, filter, dx }, s);
  },
  'grouped-conv-filter-gradient'({ x, dy, dfilter }, s) {
    dfilter.fill(0, 0, s.kernel * s.kernel * s.groupInputs * s.outChannels);
    grouped.addFilterGradient({ x, dy, dfilter }, s);
  },
  'bias-gradient'({ dy, dbias }, { rows, channels }) {
    dbias.fill(0, 0, channels);
    for (let i = 0; i < rows * channels; i++) put(dbias, i % channels, at(dy, i), 1);
  },
};

/** A factor of a product, rounded where the operation says so. */
const factor = (values: Float64Array, { bfloat16 }: { readonly bfloat16: number }): Float64Array =>
  bfloat16 ? roundToBfloat16(values) : values;

/**
 * Convolutions and their gradients.
 *
 * @param target - how filters lie in memory
 * @returns the implementations
 */
export function convolutionFor(
  target: Pick<Target, 'panel' | 'onePanel'>,
): Implementations<'conv' | 'conv-input-gradient' | 'conv-filter-gradient'> & typeof groupedConvolution {
  const dense = denseProducts(target);
  return {
    ...groupedConvolution,
    conv({ x, inputNorm, filter, ...epilogue }, s) {
      const sums = dense.sums(factor(readThrough(x, inputNorm, s), s), factor(filter, s), s);
      finish(sums, epilogue, { channels: s.outChannels, activation: s.activation });
    },
    'conv-input-gradient'({ dy, filter, dx }, s) {
      clear(dx, s);
      dense.addInputGradient({ dy: factor(dy, s), filter: factor(filter, s), dx }, s);
    },
    'conv-filter-gradient'({ x, inputNorm, dy, dfilter }, s) {
      dfilter.fill(0, 0, s.outChannels * s.kernel * s.kernel * s.channels);
      dense.addFilterGradient({ x: factor(readThrough(x, inputNorm, s), s), dy: factor(dy, s), dfilter }, s);
    },
  };
}
