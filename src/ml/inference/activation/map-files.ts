import type { RgbImage } from '../../augment/image.ts';
import { normalisationTable, writeNormalised } from '../../augment/normalise.ts';
import type { Engine } from '../../engines/engine.ts';
import { picturesFor } from '../picture-split.ts';
import type { TrainedModel } from '../trained-model.ts';
import { activationOf, watchLastMap, type MapMethod } from './last-map.ts';
import type { NumberMap } from './overlay.ts';

/** Where a network looks in a picture for a class. */
export interface ActivationMap extends NumberMap {
  readonly method: MapMethod;
  /** The picture as the network was shown it: its centre. */
  readonly picture: RgbImage;
}

/** A picture, and the class that is looked for in it. */
export interface Wanted {
  /** Path. */
  readonly file: string;
  readonly label: number;
}

/**
 * Says where a network looks for classes in pictures, one after the other. What is shown to it is the centre, as by `predictFiles`.
 *
 * @param model - the network, which says what its pictures have to be like
 * @param wanted - pictures and classes
 * @param engine - runs the network
 * @yields the map of each picture, in their order
 * @throws FailureError `no-last-map`, `no-normalisation`, or `bad-image` that names the file
 */
export async function* mapFiles(
  model: TrainedModel,
  wanted: readonly Wanted[],
  engine: Engine,
): AsyncGenerator<ActivationMap> {
  const watched = watchLastMap(model.network);
  const { split, format } = picturesFor(
    model,
    wanted.map(({ file }) => file),
  );
  const { tap, network, method } = watched;
  const { height, width } = watched.shape;
  const table = normalisationTable(format.mean, format.std);
  const session = engine.session(network, { optimizer: null });
  try {
    session.write(model.state);
    const step = session.forwardStep({ batch: 1, taps: [tap] });
    for (const [index, { label }] of wanted.entries()) {
      const picture = await split.image('eval', index);
      const target = { values: step.input, offset: 0, side: format.imageSize };
      writeNormalised(picture, { top: 0, left: 0, mirrored: false }, table, target);
      step.run();
      yield { values: activationOf(watched, model.state, step.tap(tap), label), height, width, method, picture };
    }
  } finally {
    session.dispose();
  }
}
