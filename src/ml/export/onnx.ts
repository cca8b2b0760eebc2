import { join } from 'node:path';
import type { TrainedModel } from '../inference/trained-model.ts';
import { channelsFirst } from '../inference/onnx/channels-first.ts';
import type { ExportFormat, Images, Logits } from './export-format.ts';
import { encodeOnnx } from './onnx/model-proto.ts';
import { graphOf } from './onnx/graph.ts';
import { loadRuntime } from '../inference/onnx/runtime.ts';
import { picturesOf } from './pictures.ts';

const FILE = 'model.onnx';
const IMAGE = 'image';
const LOGITS = 'logits';

/** The network as it is used: normalised images in, logits out; how to make the one and read the other in its metadata. */
function encode(model: TrainedModel): Uint8Array {
  const { network, state, classes } = model;
  const { height, width } = network.input;
  const graph = graphOf(network, state, IMAGE);
  const facts = { model: network.model, classes, ...picturesOf(model) };
  const metadata = Object.fromEntries(
    Object.entries(facts).map(([name, value]) => [name, typeof value === 'string' ? value : JSON.stringify(value)]),
  );
  const last = { operator: 'Identity', inputs: [graph.logits], output: LOGITS };
  return encodeOnnx({
    name: network.model,
    nodes: [...graph.nodes, last],
    initializers: graph.initializers,
    inputs: [{ name: IMAGE, shape: ['batch', 3, height, width] }],
    outputs: [{ name: LOGITS, shape: ['batch', network.classes] }],
    metadata,
  });
}

async function logits(folder: string, { network }: TrainedModel, images: Images): Promise<Logits> {
  const runtime = loadRuntime();
  if ('unavailable' in runtime) return runtime;
  const { height, width } = network.input;
  const shape = [images.count, 3, height, width];
  const loaded = await runtime.open(join(folder, FILE));
  try {
    const [found] = await loaded.run({ [IMAGE]: { shape, values: channelsFirst(images) } }, [LOGITS]);
    return { values: found?.values ?? new Float32Array(), by: `onnxruntime-node ${runtime.version}` };
  } finally {
    await loaded.release();
  }
}

/** ONNX, for ONNX Runtime and whatever reads it. */
export const onnx: ExportFormat = {
  file: FILE,
  summary: 'an ONNX model, opset 17: model.onnx',
  files: (model) => new Map([[FILE, encode(model)]]),
  logits,
};
