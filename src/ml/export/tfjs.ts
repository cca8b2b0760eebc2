import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TrainedModel } from '../inference/trained-model.ts';
import { findPackage } from '../../util/optional-package.ts';
import { assetPath } from '../../util/package-root.ts';
import { lastWords, runProgram } from '../../util/run-program.ts';
import type { ExportFormat, Files, Images, Logits } from './export-format.ts';
import { picturesOf } from './pictures.ts';
import { graphNodes } from './tfjs/graph.ts';
import { graphModelFiles } from './tfjs/model-json.ts';
import { pageOf } from './tfjs/page-html.ts';

/** The package, which is no dependency: it takes some 300 MB. */
const PACKAGE = '@tensorflow/tfjs';

const FOLDER = 'tfjs';
const ENDS = { image: 'image', logits: 'logits' } as const;

function files(model: TrainedModel): Files {
  const { network, state, classes } = model;
  const { height, width } = network.input;
  const graph = graphModelFiles({
    nodes: graphNodes(network, state, ENDS),
    ends: ENDS,
    inputShape: [-1, height, width, 3],
    classes: classes.length,
    facts: { model: network.model, classes, ...picturesOf(model) },
  });
  const page: readonly [string, string][] = [
    ['index.html', pageOf(network.model)],
    ['page.js', readFileSync(assetPath('dist/ml/export/tfjs/page.js'), 'utf8')],
  ];
  return new Map([...graph, ...page].map(([name, content]) => [`${FOLDER}/${name}`, content]));
}

/** Has TensorFlow.js load a model from its files, and compute the logits of images in a file, one at a time. */
const QUESTION = `
const fs = require('node:fs'), path = require('node:path');
const [, tfjs, folder, shown, side] = process.argv;
const tf = require(tfjs);
tf.enableProdMode();
const read = (name) => fs.readFileSync(path.join(folder, name));
const load = async () => {
  const { modelTopology, weightsManifest: [{ paths, weights }], ...more } = JSON.parse(read('model.json'));
  const weightData = Uint8Array.from(Buffer.concat(paths.map(read))).buffer;
  return { ...more, modelTopology, weightSpecs: weights, weightData };
};
(async () => {
  await tf.ready();
  const model = await tf.loadGraphModel({ load });
  const values = new Float32Array(Uint8Array.from(fs.readFileSync(shown)).buffer);
  const size = side * side * 3;
  const logits = [];
  for (let at = 0; at < values.length; at += size)
    logits.push(...model.predict(tf.tensor(values.subarray(at, at + size), [1, +side, +side, 3])).dataSync());
  console.log(JSON.stringify({ version: tf.version.tfjs, logits }));
})();
`;

async function logits(folder: string, { network }: TrainedModel, images: Images): Promise<Logits> {
  const require = findPackage(PACKAGE, 'KDPIPE_TFJS');
  if (!require) return { unavailable: `${PACKAGE} is not installed (npm install ${PACKAGE})` };
  const scratch = mkdtempSync(join(tmpdir(), 'kdpipe-export-'));
  try {
    const shown = join(scratch, 'images');
    writeFileSync(shown, images.values);
    const args = [require.resolve(PACKAGE), join(folder, FOLDER), shown, String(network.input.height)];
    const { status, output, said } = await runProgram(process.execPath, ['-e', QUESTION, ...args]);
    if (status !== 0) throw new Error(`${PACKAGE} ended with ${status}: ${lastWords(said)}`);
    const answer = JSON.parse(output) as { readonly version: string; readonly logits: readonly number[] };
    return { values: answer.logits, by: `${PACKAGE} ${answer.version}` };
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

/** TensorFlow.js, for browsers, with a page that shows pictures to the network. */
export const tfjs: ExportFormat = {
  file: FOLDER,
  summary: `${FOLDER}/: a graph model of TensorFlow.js, model.json with its weights, and a page that classifies pictures in a browser`,
  // Some 0.3 billion multiply-accumulates a second, without WebGL.
  mostShown: 2,
  files,
  logits,
};
