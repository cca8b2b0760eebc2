// Body of a worker thread of the wasm engine: plain JavaScript, so that it runs from sources and from the bundle alike.
import { workerData } from 'node:worker_threads';

const { module, memory, stack, board, thread } = workerData;
const [GENERATION, LOST] = [1, 2];
const { exports } = new WebAssembly.Instance(module, { env: { memory } });
exports.__stack_pointer.value = stack;
try {
  exports.serve(board, thread);
} catch (error) {
  const words = new Int32Array(memory.buffer, board, LOST + 1);
  Atomics.store(words, LOST, 1);
  Atomics.notify(words, GENERATION);
  throw error;
}
