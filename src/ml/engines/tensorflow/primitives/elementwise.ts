import { at } from '../../../../util/at.ts';
import type { Numbers } from '../../primitives.ts';
import type { Graph, Tensor } from '../graph.ts';
import { stretches, type Operand } from '../operand.ts';
import { activate, activationGradient } from './activations.ts';
import type { Nodes } from './context.ts';
import { firstChannels, padChannels } from './maps.ts';

type Copy = Numbers<'copy-channels'>;

/** Columns that rows were joined of, so that whoever joins one more does not take them apart again. */
const joins = new WeakMap<Tensor, readonly Tensor[]>();

const columnsOf = (tensor: Tensor): number => at(tensor.shape, 1);

/** The channels that are copied: [rows, channels]. */
function taken(graph: Graph, x: Operand, { rows, channels, fromStride, from, fromStep }: Copy): Tensor {
  const all = x.get(rows, fromStride);
  if (fromStep === 1) return graph.slice(all, [0, from], [rows, channels]);
  const places = Int32Array.from({ length: channels }, (_, c) => from + c * fromStep);
  const attributes = { Tparams: { type: 'float' }, Tindices: { type: 'int32' }, Taxis: { type: 'int32' } } as const;
  const inputs = [all, graph.constant(places, [channels]), graph.constant(Int32Array.of(1), [])];
  return graph.node('GatherV2', inputs, {
    shape: [rows, channels],
    attributes: { ...attributes, batch_dims: { int: 0 } },
  });
}

/** Channels, each where it goes in y's rows, zeros elsewhere. */
function spread(graph: Graph, part: Tensor, { rows, channels, to, toStep, toStride }: Copy): Tensor {
  const apart = graph.pad(graph.reshape(part, [rows, channels, 1]), [
    [0, 0],
    [0, 0],
    [0, toStep - 1],
  ]);
  const wide = channels * toStep;
  const cut = Math.min(wide, toStride - to);
  const row = firstChannels(graph, graph.reshape(apart, [rows, wide]), cut);
  return graph.pad(row, [
    [0, 0],
    [to, toStride - to - cut],
  ]);
}

/** 1 for places of a row that a copy leaves as they are. */
function untouched(graph: Graph, { channels, to, toStep, toStride }: Copy): Tensor {
  const last = to + (channels - 1) * toStep;
  const isLeft = (place: number): boolean => place < to || (place < last && (place - to) % toStep !== 0);
  return graph.constant(
    Float32Array.from({ length: toStride }, (_, place) => (isLeft(place) ? 1 : 0)),
    [toStride],
  );
}

/** The columns before a place of what y holds. */
function before(graph: Graph, y: Operand, { rows, toStride, to }: Copy): readonly Tensor[] {
  const whole = y.some(rows * toStride);
  const parts = joins.get(whole) ?? [];
  const found: Tensor[] = [];
  let columns = 0;
  for (const part of parts) {
    if (columns >= to) break;
    found.push(part);
    columns += columnsOf(part);
  }
  if (columns === to) return found;
  return [graph.slice(graph.reshape(whole, [rows, toStride]), [0, 0], [rows, to])];
}

function copy({ x, y }: { readonly x: Operand; readonly y: Operand }, n: Copy, graph: Graph): void {
  const part = taken(graph, x, n);
  const { rows, channels, to, toStep, toStride } = n;
  if (n.accumulate) {
    y.put(spread(graph, part, n), 1);
    return;
  }
  if (toStep > 1 && channels > 1) {
    const row = spread(graph, part, n);
    y.put(y.isDefined ? graph.add(graph.mul(y.get(rows, toStride), untouched(graph, n)), row) : row);
    return;
  }
  const parts = to > 0 ? [...before(graph, y, n), part] : [part];
  const joined = padChannels(graph, graph.concat(parts, 1), toStride);
  joins.set(joined, parts);
  y.put(joined);
}

export const elementwise: Nodes<
  'copy-channels' | 'pad' | 'zero' | 'activation' | 'activation-gradient' | 'add' | 'multiply' | 'multiply-gradient'
> = {
  'copy-channels'(operands, n, { graph }) {
    copy(operands, n, graph);
  },
  pad({ x, y }, { batch, height, width, channels, stride, padding }, { graph }) {
    const border = [padding, padding] as const;
    y.put(graph.pad(x.get(batch, height, width, channels), [[0, 0], border, border, [0, stride - channels]]));
  },
  zero({ y }, { count }, { graph }) {
    y.put(graph.fill([count], 0));
  },
  activation({ x, y }, { count, activation }, { graph }) {
    y.put(activate(graph, x.some(count), activation));
  },
  'activation-gradient'({ x, dy, dx }, { count, activation, accumulate }, { graph }) {
    dx.put(activationGradient(graph, dy.some(count), x.some(count), activation), accumulate);
  },
  add({ a, b, y }, { count, activation }, { graph }) {
    for (const { from, floats } of stretches([a, b], count)) {
      const first = a.from(from).some(floats);
      const sum = graph.add(first, b.from(from).get(...first.shape));
      y.from(from).put(activate(graph, sum, activation));
    }
  },
  multiply({ a, b, y }, { rows, channels, area, accumulate }, { graph }) {
    const images = rows / area;
    const product = graph.mul(a.get(images, area, channels), b.get(images, 1, channels));
    y.put(product, accumulate);
  },
  'multiply-gradient'({ a, dy, db }, { rows, channels, area, accumulate }, { graph }) {
    const shape = [rows / area, area, channels];
    db.put(graph.reduce('Sum', graph.mul(dy.get(...shape), a.get(...shape)), [1]), accumulate);
  },
};
