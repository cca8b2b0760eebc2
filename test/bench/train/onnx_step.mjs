// Runs one frozen case with onnxruntime-node: `node onnx_step.mjs <folder with node_modules> <model.onnx> '<case as JSON>'`.
import { createRequire } from 'node:module';
import { join } from 'node:path';

const [folder, model, text] = process.argv.slice(2);
const { InferenceSession, Tensor } = createRequire(join(folder, 'index.js'))('onnxruntime-node');
const { batch, size, threads } = JSON.parse(text);
const WARM_UP = 3;
const SECONDS = 3;

const session = await InferenceSession.create(model, {
  executionProviders: ['cpu'],
  graphOptimizationLevel: 'all',
  intraOpNumThreads: threads,
  interOpNumThreads: 1,
});
const pixels = Float32Array.from({ length: batch * 3 * size * size }, (_, i) => ((i * 37) % 101) / 50 - 1);
const feeds = { [session.inputNames[0]]: new Tensor('float32', pixels, [batch, 3, size, size]) };
await session.run(feeds);
const first = Date.now() / 1e3;
for (let i = 1; i < WARM_UP; i++) await session.run(feeds);
const steps = [];
for (let total = 0; total < SECONDS || steps.length < 3; total += steps.at(-1)) {
  const start = performance.now();
  await session.run(feeds);
  steps.push((performance.now() - start) / 1e3);
}
console.log(JSON.stringify({ steps, first, memory: process.resourceUsage().maxRSS / 1024 }));
