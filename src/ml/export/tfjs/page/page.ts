/** Runs in the page beside an exported network: shows pictures to it as kdpipe's evaluation does, with the same code. */
import type { RgbImage } from '../../../augment/image.ts';
import { normalisationTable, writeNormalised } from '../../../augment/normalise.ts';
import { centreView } from '../../../data/views.ts';
import type { Pictures } from '../../pictures.ts';

interface Tensor {
  data(): Promise<Float32Array>;
  dispose(): void;
}

interface GraphModel {
  readonly modelUrl: string;
  predict(images: Tensor): Tensor;
}

/** The part of TensorFlow.js that we use. */
interface TensorFlow {
  loadGraphModel(address: string): Promise<GraphModel>;
  tensor(values: Float32Array, shape: readonly number[]): Tensor;
}

declare global {
  var tf: TensorFlow | undefined;
}

/** What `model.json` says of the network. */
interface Facts extends Pictures {
  readonly classes: readonly string[];
}

/** Classes that are shown, the likeliest first. */
const SHOWN = 5;

function part<Kind extends Element>(id: string, kind: new () => Kind): Kind {
  const found = document.getElementById(id);
  if (found instanceof kind) return found;
  throw new Error(`the page has no ${id}`);
}

const say = (text: string): void => {
  part('status', HTMLElement).textContent = text;
};

/** The pixels of a file as they are stored, upright. */
async function decode(file: Blob): Promise<RgbImage> {
  const bitmap = await createImageBitmap(file, { colorSpaceConversion: 'none', premultiplyAlpha: 'none' });
  const { width, height } = bitmap;
  const context = new OffscreenCanvas(width, height).getContext('2d');
  if (!context) throw new Error('this browser draws nothing');
  context.drawImage(bitmap, 0, 0);
  const { data } = context.getImageData(0, 0, width, height);
  return {
    width,
    height,
    pixels: Uint8Array.from({ length: width * height * 3 }, (_, at) => data[at + Math.floor(at / 3)] ?? 0),
  };
}

function show({ pixels, width, height }: RgbImage): void {
  const canvas = part('shown', HTMLCanvasElement);
  Object.assign(canvas, { width, height });
  const data = new ImageData(width, height);
  data.data.fill(255);
  pixels.forEach((value, at) => (data.data[at + Math.floor(at / 3)] = value));
  canvas.getContext('2d')?.putImageData(data, 0, 0);
}

function list(logits: Float32Array, classes: readonly string[]): void {
  const most = logits.reduce((a, b) => Math.max(a, b), -Infinity);
  const weights = Array.from(logits, (logit) => Math.exp(logit - most));
  const sum = weights.reduce((a, b) => a + b, 0);
  const rows = classes
    .map((name, label) => ({ name, probability: (weights[label] ?? 0) / sum }))
    .sort((a, b) => b.probability - a.probability)
    .slice(0, SHOWN)
    .map(({ name, probability }) => {
      const row = document.createElement('tr');
      row.insertCell().textContent = name;
      const chance = document.createElement('data');
      chance.value = String(probability);
      chance.textContent = `${(100 * probability).toFixed(1)} %`;
      row.insertCell().append(chance);
      return row;
    });
  part('classes', HTMLElement).replaceChildren(...rows);
}

async function classify(file: Blob, model: GraphModel, facts: Facts, tf: TensorFlow): Promise<void> {
  const { imageSize, mean, std, classes } = facts;
  const picture = centreView(await decode(file), facts);
  show(picture);
  const values = new Float32Array(imageSize ** 2 * 3);
  const target = { values, offset: 0, side: imageSize };
  writeNormalised(picture, { top: 0, left: 0, mirrored: false }, normalisationTable(mean, std), target);
  const images = tf.tensor(values, [1, imageSize, imageSize, 3]);
  const logits = model.predict(images);
  list(await logits.data(), classes);
  images.dispose();
  logits.dispose();
}

async function start(): Promise<void> {
  const { tf } = globalThis;
  if (!tf) {
    say('tf.min.js is missing: copy it here from node_modules/@tensorflow/tfjs/dist/ (npm install @tensorflow/tfjs).');
    return;
  }
  if (location.protocol === 'file:') {
    say('Browsers load no models from files: serve this folder, for example with python3 -m http.server.');
    return;
  }
  const facts = ((await (await fetch('model.json')).json()) as { readonly userDefinedMetadata: Facts })
    .userDefinedMetadata;
  const model = await tf.loadGraphModel('model.json');
  const take = async (file: Blob | undefined): Promise<void> => {
    if (!file) return;
    say('…');
    await classify(file, model, facts, tf);
    say('');
  };
  const tell = (error: unknown): void => say(`This picture cannot be shown to the network: ${String(error)}`);
  const drop = part('drop', HTMLElement);
  drop.addEventListener('dragover', (event) => {
    event.preventDefault();
    drop.classList.add('over');
  });
  drop.addEventListener('dragleave', () => drop.classList.remove('over'));
  drop.addEventListener('drop', (event) => {
    event.preventDefault();
    drop.classList.remove('over');
    take(event.dataTransfer?.files[0]).catch(tell);
  });
  const input = part('file', HTMLInputElement);
  input.addEventListener('change', () => {
    take(input.files?.[0]).catch(tell);
  });
  say('');
}

start().catch((error: unknown) => say(`The network cannot be loaded: ${String(error)}`));
