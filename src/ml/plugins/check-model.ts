import { createEngine } from '../engines/create-engine.ts';
import type { Model } from '../models/model.ts';
import { costOf, type NetworkCost } from '../network/cost.ts';
import { initialState } from '../network/initial.ts';
import type { Network, Shape } from '../network/network.ts';
import { someNumbers } from './check-loss.ts';
import { refusing } from './refusing.ts';

/** What is known of a model after it was tried. */
export interface ModelCheck extends Pick<NetworkCost, 'parameters' | 'macs'> {
  /** Side of its smallest images, in pixels, which the numbers are of. */
  readonly side: number;
  /** Names of its taps, in order. */
  readonly taps: readonly string[];
}

const [IMAGES, CLASSES] = [3, 3];

/** Layers that nothing reads. */
function unreadIn({ layers, taps }: Network): readonly string[] {
  const read = new Set([...layers.flatMap(({ inputs }) => inputs), ...Object.values(taps)]);
  return layers.flatMap(({ name }, layer) => (read.has(layer) ? [] : [name]));
}

/** What its entry says that its network does not hold. */
function contradictionOf({ blocks, dropout }: Model, network: Network): string | undefined {
  const found = Object.keys(network.taps).filter((tap) => /^block\d+$/.test(tap));
  const said = blocks.map((block) => `block${block}`);
  if (found.join() !== said.join()) return `its blocks are [${blocks.join(', ')}], and its taps ${found.join(', ')}`;
  const draws = network.layers.some(({ kind }) => kind === 'dropout' || kind === 'stochastic-depth');
  if (draws !== dropout) return `its dropout is ${dropout}, and ${draws ? 'a layer' : 'no layer'} of it draws`;
  const unread = unreadIn(network);
  return unread.length > 0 ? `nothing reads its layer ${unread.join(', ')}` : undefined;
}

/** What of one training step is not finite; its layers are ours, and the gradient of each is tested. */
async function brokenIn(network: Network): Promise<string | undefined> {
  const engine = await createEngine('wasm', { threads: 1 });
  const session = engine.session(network, { optimizer: { name: 'sgd', momentum: 0, nesterov: false } });
  try {
    session.write(initialState(network, 1));
    const step = session.trainStep({ batch: IMAGES, taps: [] });
    step.input.set(someNumbers(step.input.length, 1));
    step.forward(7, 0);
    if (!step.logits.every(Number.isFinite)) return 'its logits are not finite';
    step.logitsGradient.set(someNumbers(IMAGES * CLASSES, 3));
    step.backward();
    const wrong = [...session.readGradients()].find(([, values]) => !values.every(Number.isFinite));
    return wrong && `the gradient of its ${wrong[0]} is not finite`;
  } finally {
    session.dispose();
    await engine.dispose();
  }
}

/**
 * Tries a model on its smallest images: it has the taps and the dropout that it says, something reads each of its layers, and logits
 * and gradients of a training step are finite.
 *
 * @param name - of the model
 * @param model - as `loadPlugin` gives it
 * @param shown - the plugin's file, as failures show it
 * @returns its size
 * @throws FailureError `invalid-plugin` with what is wrong
 */
export async function checkModel(name: string, model: Model, shown: string): Promise<ModelCheck> {
  const refuse = refusing(`models.${name}`, shown);
  const side = model.minimumSize;
  const input: Shape = { height: side, width: side, channels: 3 };
  try {
    const network = model.build(input, CLASSES);
    const problem = contradictionOf(model, network) ?? (await brokenIn(network));
    if (problem !== undefined) return refuse(problem);
    const { parameters, macs } = costOf(network);
    return { side, taps: Object.keys(network.taps), parameters, macs };
  } catch (error) {
    return refuse(error);
  }
}
