import type { Network } from '../network/network.ts';

/**
 * A small network that is trained along with the student and thrown away after training. It runs on the engine; the
 * gradient of its input goes on to whatever the input was made of.
 */
export interface Adapter {
  /** Unique within the method. */
  readonly name: string;
  /** Its input is differentiable where the student learns through it. */
  readonly network: Network;
  /** Start values of parameters that are not drawn, by their names. */
  readonly initial?: Readonly<Record<string, number>>;
}

/** Whether an adapter's network gives the gradient of its input. */
export const isInputDifferentiable = ({ network: { layers } }: Adapter): boolean => {
  const [first] = layers;
  return first?.kind === 'input' && first.differentiable;
};
