import { activate, slope } from './activations.ts';
import { at, put } from './arrays.ts';
import type { Implementations } from './implementations.ts';

export const elementwise: Implementations<
  'copy-channels' | 'pad' | 'zero' | 'activation' | 'activation-gradient' | 'add' | 'multiply' | 'multiply-gradient'
> = {
  'copy-channels'({ x, y }, { rows, channels, accumulate, ...n }) {
    for (let row = 0; row < rows; row++) {
      const first = row * n.toStride + n.to;
      if (!accumulate) y.fill(0, first + (channels - 1) * n.toStep, (row + 1) * n.toStride);
      for (let c = 0; c < channels; c++)
        put(y, first + c * n.toStep, at(x, row * n.fromStride + n.from + c * n.fromStep), accumulate);
    }
  },
  pad({ x, y }, { batch, height, width, channels, stride, padding }) {
    const across = width + 2 * padding;
    y.fill(0, 0, batch * (height + 2 * padding) * across * stride);
    for (let row = 0; row < batch * height; row++) {
      const first = (row + padding + Math.floor(row / height) * 2 * padding) * across + padding;
      for (let i = 0; i < width * channels; i++)
        y[(first + Math.floor(i / channels)) * stride + (i % channels)] = at(x, row * width * channels + i);
    }
  },
  zero({ y }, { count }) {
    y.fill(0, 0, count);
  },
  activation({ x, y }, { count, activation }) {
    for (let i = 0; i < count; i++) y[i] = activate(at(x, i), activation);
  },
  'activation-gradient'({ x, dy, dx }, { count, activation, accumulate }) {
    for (let i = 0; i < count; i++) put(dx, i, at(dy, i) * slope(at(x, i), activation), accumulate);
  },
  add({ a, b, y }, { count, activation }) {
    for (let i = 0; i < count; i++) y[i] = activate(at(a, i) + at(b, i), activation);
  },
  multiply({ a, b, y }, { rows, channels, area, accumulate }) {
    for (let i = 0; i < rows * channels; i++) {
      const gate = Math.floor(i / (area * channels)) * channels + (i % channels);
      put(y, i, at(a, i) * at(b, gate), accumulate);
    }
  },
  'multiply-gradient'({ a, dy, db }, { rows, channels, area, accumulate }) {
    if (!accumulate) db.fill(0, 0, (rows / area) * channels);
    for (let i = 0; i < rows * channels; i++)
      put(db, Math.floor(i / (area * channels)) * channels + (i % channels), at(dy, i) * at(a, i), 1);
  },
};
