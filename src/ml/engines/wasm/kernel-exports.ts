/** What a build of the kernels exports; addresses are bytes. */
export interface KernelExports {
  readonly __stack_pointer: WebAssembly.Global;
  readonly __heap_base: WebAssembly.Global;
  set_up(board: number, controls: number, zeros: number, scratch: number, patience: number): void;
  run(board: number, program: number, operations: number, threads: number): void;
  end(board: number): void;
}

const FUNCTIONS = ['set_up', 'run', 'end'];

function isKernelExports(exports: object): exports is KernelExports {
  const found = new Map(Object.entries(exports));
  const hasFunctions = FUNCTIONS.every((name) => typeof found.get(name) === 'function');
  return hasFunctions && found.has('__stack_pointer') && found.has('__heap_base');
}

/**
 * Instantiates a build of the kernels.
 *
 * @param module - the compiled build
 * @param memory - that it computes in
 * @returns its functions
 * @throws Error when the module is no build of the kernels
 */
export function instantiateKernels(module: WebAssembly.Module, memory: WebAssembly.Memory): KernelExports {
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  if (!isKernelExports(exports)) throw new Error('the module exports no kernels');
  return exports;
}
