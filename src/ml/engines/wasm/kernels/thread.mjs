// Body of a worker thread of the wasm engine: plain JavaScript, so that it runs from sources and from the bundle alike.
import { workerData } from 'node:worker_threads';

const { module, memory, stack, board, thread } = workerData;
const { exports } = new WebAssembly.Instance(module, { env: { memory } });
exports.__stack_pointer.value = stack;
exports.serve(board, thread);
