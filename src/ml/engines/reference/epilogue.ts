import { activate } from './activations.ts';
import { at } from './arrays.ts';

/** What may follow a convolution. */
interface Epilogue {
  readonly scale: Float64Array | null;
  readonly shift: Float64Array | null;
  readonly residual: Float64Array | null;
  readonly y: Float64Array;
}

/** Channels of a row, and the activation's code. */
interface Row {
  readonly channels: number;
  readonly activation: number;
}

/**
 * y = activation(scale · sums + shift + residual), scale and shift by channel; what is absent is left out.
 *
 * @param sums - of the convolution
 * @param epilogue - what follows
 * @param shape - channels of a row, and the activation's code
 */
export function finish(sums: Float64Array, epilogue: Epilogue, shape: Row): void {
  const { scale, shift, residual, y } = epilogue;
  sums.forEach((sum, i) => {
    const c = i % shape.channels;
    const scaled = sum * (scale ? at(scale, c) : 1) + (shift ? at(shift, c) : 0);
    y[i] = activate(scaled + (residual ? at(residual, i) : 0), shape.activation);
  });
}
