import { classifierOf } from './classifier.ts';
import type { DropoutLayer, Layer, LinearLayer, Network } from './network.ts';

/** The classifier and what it reads, without dropout between them. */
function bareHead(network: Network): { readonly body: readonly Layer[]; readonly classifier: LinearLayer } {
  const { layers } = network;
  const classifier = classifierOf(network);
  const before = layers.at(-2);
  if (before?.kind !== 'dropout') return { body: layers.slice(0, -1), classifier };
  return { body: layers.slice(0, -2), classifier: { ...classifier, inputs: before.inputs } };
}

/**
 * The same network with another dropout between its features and its classifier (Srivastava et al., JMLR 2014). Weights and
 * their names stay.
 *
 * @param network - a classifier of the registry
 * @param rate - share of the features that a training pass sets to 0, in [0, 1); null leaves the network as it is
 * @returns the network
 */
export function withHeadDropout(network: Network, rate: number | null): Network {
  if (rate === null) return network;
  const { body, classifier } = bareHead(network);
  const [features = 0] = classifier.inputs;
  const shape = body[features]?.shape;
  if (!shape) throw new Error('the classifier reads a layer that is not there');
  const dropout: DropoutLayer = { kind: 'dropout', name: 'dropout', inputs: [features], shape, rate };
  const drawn: readonly Layer[] = rate > 0 ? [...body, dropout] : body;
  const from = rate > 0 ? body.length : features;
  return {
    ...network,
    layers: [...drawn, { ...classifier, inputs: [from] }],
    taps: { ...network.taps, logits: drawn.length },
  };
}
