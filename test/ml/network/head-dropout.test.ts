import { describe, expect, it } from 'vitest';
import { models } from '../../../src/ml/models/registry.ts';
import { withHeadDropout } from '../../../src/ml/network/head-dropout.ts';
import type { Network } from '../../../src/ml/network/network.ts';

const image = { height: 64, width: 64, channels: 3 };

/** What stands before the classifier, with the kind of the layer that the dropout reads. */
function headOf({ layers, taps }: Network) {
  const classifier = layers.at(-1);
  const before = layers[classifier?.inputs[0] ?? -1];
  const rate = before?.kind === 'dropout' ? before.rate : 0;
  const features = before?.kind === 'dropout' ? before.inputs[0] : classifier?.inputs[0];
  return { rate, reads: features === taps['pooled'], last: taps['logits'] === layers.length - 1 };
}

describe.each(Object.entries(models))('dropout before the classifier of %s', (_, model) => {
  const network = model.build(image, 10);

  it('has the rate that is asked for, reads the pooled features, and leaves weights and other taps as they are', () => {
    const changed = withHeadDropout(network, 0.3);
    expect(headOf(changed)).toEqual({ rate: 0.3, reads: true, last: true });
    expect(changed.parameters).toEqual(network.parameters);
    expect({ ...changed.taps, logits: 0 }).toEqual({ ...network.taps, logits: 0 });
    expect(changed.layers.slice(0, -2)).toEqual(withHeadDropout(network, 0).layers.slice(0, -1));
  });

  it('is taken away by a rate of 0, and stays the model’s own by null', () => {
    const bare = withHeadDropout(network, 0);
    expect(headOf(bare)).toEqual({ rate: 0, reads: true, last: true });
    expect(bare.layers.filter(({ kind }) => kind === 'dropout')).toEqual([]);
    expect(withHeadDropout(network, null)).toBe(network);
    expect(withHeadDropout(bare, headOf(network).rate)).toEqual(network);
  });
});
