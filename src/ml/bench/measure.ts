import { at } from '../../util/at.ts';
import { createEngine } from '../engines/create-engine.ts';
import type { Engine, Session } from '../engines/engine.ts';
import type { EngineChoice } from '../engines/registry.ts';
import { compileLoss, LOSS } from '../engines/compile-loss.ts';
import { crossEntropy } from '../losses/cross-entropy.ts';
import { models, type ModelName } from '../models/registry.ts';
import { initialState } from '../network/initial.ts';

/** What is measured. */
export interface MeasureOptions {
  readonly model: ModelName;
  readonly engine: EngineChoice;
  /** Threads of the engine, at least 1. */
  readonly threads: number;
  /** Images of a step. */
  readonly batch: number;
  /** Image side in pixels; the model's own by default. */
  readonly side?: number | undefined;
  /** How long each of the two is measured at least, seconds. */
  readonly seconds: number;
}

/** Speed of a model on this machine. */
export interface Measurement {
  readonly model: ModelName;
  /** Its name; where `auto` was asked for, that of the one picked. */
  readonly engine: string;
  readonly threads: number;
  /** What else the engine says of itself, such as its `kernels`: `avx512` or `avx2`, or `relaxed` in WebAssembly. */
  readonly description: Engine['description'];
  readonly batch: number;
  readonly side: number;
  /** Whole training steps (forward, loss, backward, AdamW), images a second: the median step, whose images are there. */
  readonly training: number;
  /** The share of a training step's time that bringing a batch from memory to the engine takes beside it, 0 … 1. */
  readonly bringing: number;
  /** Evaluation-mode forward passes, as of a frozen teacher, images a second. */
  readonly frozen: number;
}

const ADAMW = { name: 'adamw', beta1: 0.9, beta2: 0.999, eps: 1e-8 } as const;
const CLASSES = 10;
/** Steps that are not counted: memory is touched for the first time, and kernels are compiled. */
const WARM_UP = 2;
const FEWEST = 3;

/** Median seconds of a step. */
function medianOf(step: () => void, seconds: number): number {
  for (let i = 0; i < WARM_UP; i++) step();
  const times: number[] = [];
  let total = 0;
  while (total < seconds || times.length < FEWEST) {
    const start = performance.now();
    step();
    const time = (performance.now() - start) / 1000;
    times.push(time);
    total += time;
  }
  times.sort((a, b) => a - b);
  return at(times, times.length >> 1);
}

/** Pixels between −1 and 1: what is multiplied does not matter, but that it is neither 0 nor huge. */
const PIXELS = Float32Array.from({ length: 101 }, (_, i) => ((i * 37) % 101) / 50 - 1);

function fill(input: Float32Array): void {
  for (let from = 0; from < input.length; from += PIXELS.length)
    input.set(PIXELS.subarray(0, input.length - from), from);
}

/**
 * Makes whole training steps on made-up pixels: forward, loss, backward, update, in one go.
 *
 * @param engine - of the session
 * @param session - with an optimiser
 * @param batch - images of a step
 * @returns what runs one step
 */
export function trainingStep(engine: Pick<Engine, 'together'>, session: Session, batch: number): () => void {
  const { classes } = session.network;
  const step = session.trainStep({ batch, taps: [] });
  const loss = compileLoss(session, step, (logits, of) =>
    crossEntropy(logits, of, { labelSmoothing: 0.1, classWeights: null }),
  );
  loss.input(LOSS.labels).forEach((_, i, labels) => (labels[i] = i % classes));
  fill(step.input);
  let count = 0;
  const begin = (): void => {
    step.forward(0, count++);
    loss.run();
    step.backward();
    step.update({ learningRate: 1e-4, weightDecay: 5e-4 });
  };
  return () => {
    engine.together(begin);
    loss.result(LOSS.loss);
  };
}

/**
 * Makes evaluation-mode forward passes on made-up pixels.
 *
 * @param session - any
 * @param batch - images of a step
 * @returns what runs one pass
 */
export function frozenStep(session: Session, batch: number): () => void {
  const step = session.forwardStep({ batch, taps: [] });
  fill(step.input);
  return () => step.run();
}

/** Brings images that lie in memory to an engine, in the form that it likes best. */
function bringing(engine: Engine, floats: number): { readonly bring: () => void; readonly dispose: () => void } {
  const [images, table] = [engine.array(floats), engine.array(3 * 256)];
  const [values, pixels] = [new Float32Array(floats), new Uint8Array(floats)];
  fill(values);
  return {
    bring: () => (engine.takesPixels ? images.writePixels(pixels, table) : images.write(values)),
    dispose: () => [images, table].forEach((array) => array.dispose()),
  };
}

/** The speeds on an engine that is up. */
function measureOn(
  engine: Engine,
  options: MeasureOptions,
  side: number,
): Pick<Measurement, 'training' | 'frozen' | 'bringing'> {
  const { model, threads, batch, seconds } = options;
  const network = models[model].build({ height: side, width: side, channels: 3 }, CLASSES);
  const session = engine.session(network, { optimizer: ADAMW, threads });
  session.write(initialState(network, 0));
  const frozen = batch / medianOf(frozenStep(session, batch), seconds);
  const step = medianOf(trainingStep(engine, session, batch), seconds);
  session.dispose();
  const { bring, dispose } = bringing(engine, batch * side ** 2 * 3);
  const brought = medianOf(bring, seconds / 10);
  dispose();
  return { training: batch / step, frozen, bringing: brought / (brought + step) };
}

/**
 * Measures how fast a model trains and evaluates here, on made-up pixels.
 *
 * @param options - model, engine, batch, image size, time
 * @returns images a second
 * @throws FailureError `image-too-small` `does-not-fit` or `engine-unavailable`
 */
export async function measure(options: MeasureOptions): Promise<Measurement> {
  const { model, engine: asked, threads, batch, side = models[model].nominal.side } = options;
  const engine = await createEngine(asked, { threads });
  try {
    const { name, description } = engine;
    return { model, engine: name, threads, description, batch, side, ...measureOn(engine, options, side) };
  } finally {
    await engine.dispose();
  }
}
