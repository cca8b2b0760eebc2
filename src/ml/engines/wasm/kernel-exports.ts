/** What a build of the kernels exports. */
export interface KernelExports {
  readonly __stack_pointer: WebAssembly.Global;
  readonly __heap_base: WebAssembly.Global;
  run(board: number, threads: number): void;
  end(board: number): void;
}
