import { familyOf, refOf } from '../layout.ts';
import type { ActivationCode, Numbers, Operands } from '../primitives.ts';
import type { Ref } from '../program.ts';
import { windowOf, type Emitter } from './emitter.ts';
import type { UnitOf } from './units.ts';

/** Most parts of the rows over which a depthwise filter gradient is summed, and fewest pixels that are worth one. */
const MOST_CHUNKS = 32;
const PIXELS_OF_CHUNK = 256;

type Product = UnitOf<'product'>;

/** Numbers that both families share. */
function shapeOf(emitter: Emitter, unit: Product) {
  const dilation = unit.layer.kind === 'conv' ? unit.layer.dilation : 1;
  return { ...windowOf(emitter, unit), dilation };
}

function groupsOf(emitter: Emitter, unit: Product): Numbers<'grouped-conv-filter-gradient'> {
  const { groups, inChannels, outChannels } =
    unit.layer.kind === 'conv' ? unit.layer : { groups: 1, inChannels: 0, outChannels: 0 };
  return {
    ...shapeOf(emitter, unit),
    outChannels: emitter.extent(unit.output).stride,
    groups,
    groupInputs: inChannels / groups,
    groupOutputs: outChannels / groups,
  };
}

/**
 * Emits a depthwise, grouped or dilated convolution.
 *
 * @param emitter - receives it
 * @param unit - which
 * @param operands - as of a dense one
 * @param activation - what follows
 */
export function emitGrouped(
  emitter: Emitter,
  unit: Product,
  operands: Operands<'grouped-conv', Ref>,
  activation: ActivationCode,
): void {
  const reading = emitter.reading(unit.input);
  if (familyOf(emitter.network, unit.layer, emitter.target) === 'depthwise')
    emitter.emit(
      'depthwise',
      { ...operands, ...reading.operands },
      { ...shapeOf(emitter, unit), ...reading.numbers, activation },
    );
  else emitter.emit('grouped-conv', operands, { ...groupsOf(emitter, unit), activation });
}

/**
 * Emits the filter gradient of a depthwise, grouped or dilated convolution.
 *
 * @param emitter - receives it
 * @param unit - which
 * @param operands - arrays
 * @param operands.x - input
 * @param operands.dy - gradient of the output
 */
export function emitGroupedFilterGradient(emitter: Emitter, unit: Product, operands: { x: Ref; dy: Ref }): void {
  const dfilter = refOf(emitter.layout, `${unit.layer.name}.weight`, 'gradient');
  if (familyOf(emitter.network, unit.layer, emitter.target) === 'grouped') {
    emitter.emit('grouped-conv-filter-gradient', { ...operands, dfilter }, groupsOf(emitter, unit));
    return;
  }
  const shape = shapeOf(emitter, unit);
  const pixels = shape.batch * shape.outHeight * shape.outWidth;
  const chunks = Math.max(1, Math.min(MOST_CHUNKS, Math.floor(pixels / PIXELS_OF_CHUNK)));
  const partials = emitter.buffer(chunks * shape.kernel ** 2 * shape.channels);
  const reading = emitter.reading(unit.input);
  emitter.emit(
    'depthwise-filter-gradient',
    { ...operands, ...reading.operands, dfilter, partials },
    { ...shape, ...reading.numbers, chunks },
  );
}

/**
 * Emits the input gradient of a depthwise, grouped or dilated convolution.
 *
 * @param emitter - receives it
 * @param unit - which
 * @param operands - arrays
 * @param operands.dy - gradient of the output
 * @param operands.dx - where the input's goes
 * @param accumulate - 1 adds to what is there
 */
export function emitGroupedInputGradient(
  emitter: Emitter,
  unit: Product,
  operands: { dy: Ref; dx: Ref },
  accumulate: number,
): void {
  const all = { ...operands, filter: refOf(emitter.layout, `${unit.layer.name}.weight`) };
  if (familyOf(emitter.network, unit.layer, emitter.target) === 'depthwise')
    emitter.emit('depthwise-input-gradient', all, { ...shapeOf(emitter, unit), accumulate });
  else emitter.emit('grouped-conv-input-gradient', all, { ...groupsOf(emitter, unit), accumulate });
}
