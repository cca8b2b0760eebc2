import type { AdapterRunner } from '../../src/ml/methods/kd-term.ts';

/** Runs adapters that are the identity: what a method's term is without what its adapters have learned. */
export class EchoRunner implements AdapterRunner {
  forward(_name: string, input: Float32Array): Float32Array {
    return input.slice();
  }

  backward(_name: string, gradient: Float32Array): Float32Array {
    return gradient.slice();
  }
}
