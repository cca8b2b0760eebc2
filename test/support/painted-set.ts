import type { DecodedSplit, PackedDataset, Split, View } from '../../src/ml/data/packed.ts';

/** Sizes of a painted set. */
export interface PaintedSizes {
  readonly train: number;
  readonly val?: number;
  readonly side?: number;
}

/** One image of class `label`: a bright band whose place is the class, under noise that the index decides. */
function paint(label: number, index: number, side: number): Uint8Array {
  const pixels = new Uint8Array(side * side * 3);
  for (let y = 0; y < side; y++)
    for (let x = 0; x < side; x++) {
      const isBand = Math.floor((y * 3) / side) === label;
      const noise = Math.abs(Math.sin(index * 12.9898 + x * 78.233 + y * 37.719) * 43758.5453) % 1;
      pixels.fill(Math.floor((isBand ? 110 : 40) + 140 * noise), (y * side + x) * 3, (y * side + x) * 3 + 3);
    }
  return pixels;
}

function split(count: number, first: number, side: number): DecodedSplit {
  const labels = Int32Array.from({ length: count }, (_, index) => index % 3);
  const sizeIn = (view: View): number => (view === 'train' ? side + 1 : side);
  return {
    keep: 'decoded',
    count,
    labels,
    names: Array.from(labels, (_, index) => `painted#${first + index}`),
    image: (view, index) => {
      const size = sizeIn(view);
      return { pixels: paint(labels[index]!, first + index, size), height: size, width: size };
    },
    size: (view) => ({ height: sizeIn(view), width: sizeIn(view) }),
    file: () => null,
  };
}

/** A small three-class dataset in memory: learnable, and a function of its sizes alone. */
export function paintedSet({ train, val = 0, side = 8 }: PaintedSizes): PackedDataset {
  const splits: Readonly<Record<Split, DecodedSplit>> = {
    train: split(train, 0, side),
    val: split(val, train, side),
    test: split(0, train + val, side),
  };
  const sizeOf = (name: Split) => ({
    count: splits[name].count,
    perClass: [0, 1, 2].map((label) => splits[name].labels.filter((other) => other === label).length),
  });
  return {
    manifest: {
      format: 1,
      classes: ['top', 'middle', 'bottom'],
      imageSize: side,
      trainSize: side + 1,
      mean: [0.5, 0.5, 0.5],
      std: [0.25, 0.25, 0.25],
      splits: { train: sizeOf('train'), val: sizeOf('val'), test: sizeOf('test') },
    },
    split: (name) => splits[name],
    close: () => undefined,
  };
}
