// Body of a worker thread of the wasm engine: plain JavaScript, so that it runs from sources and from the bundle alike.
import { workerData } from 'node:worker_threads';

const { module, memory, stack, board, thread, job, words } = workerData;
const { exports } = new WebAssembly.Instance(module, { env: { memory } });
exports.__stack_pointer.value = stack;
try {
  exports.serve(board, thread, job);
} catch (error) {
  const integers = new Int32Array(memory.buffer, board);
  Atomics.store(integers, words.lost, 1);
  Atomics.notify(integers, words.generation);
  throw error;
}
