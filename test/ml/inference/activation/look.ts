import type { Engine } from '../../../../src/ml/engines/engine.ts';
import { activationOf, watchLastMap, type MapMethod } from '../../../../src/ml/inference/activation/last-map.ts';
import type { TrainedModel } from '../../../../src/ml/inference/trained-model.ts';
import { someImages } from '../../export/support/exported.ts';

/** Where a network looks for each class in the first of `someImages`, with its logits. */
export function look(
  engine: Engine,
  model: TrainedModel,
): { readonly method: MapMethod; readonly maps: readonly Float64Array[]; readonly logits: Float32Array } {
  const watched = watchLastMap(model.network);
  const session = engine.session(watched.network, { optimizer: null });
  try {
    session.write(model.state);
    const step = session.forwardStep({ batch: 1, taps: [watched.tap] });
    step.input.set(someImages(model, 1).values);
    step.run();
    const map = step.tap(watched.tap).slice();
    const maps = model.classes.map((_, label) => activationOf(watched, model.state, map, label));
    return { method: watched.method, maps, logits: step.logits.slice() };
  } finally {
    session.dispose();
  }
}
