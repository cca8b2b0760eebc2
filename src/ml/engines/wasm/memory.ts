import { Arena } from '../kernels/arena.ts';

const PAGE = 65536;

/** An arena over one shared WebAssembly.Memory. */
export class WasmMemory extends Arena {
  readonly memory: WebAssembly.Memory;

  /**
   * @param from - first byte that may be given out
   * @param limit - bytes that the memory may have at most, a multiple of 65536, at most 4 GiB
   */
  constructor(from: number, limit: number) {
    const memory = new WebAssembly.Memory({
      initial: Math.ceil(from / PAGE) + 1,
      maximum: limit / PAGE,
      shared: true,
    });
    const reach = (bytes: number): void => {
      const missing = Math.ceil((bytes - memory.buffer.byteLength) / PAGE);
      if (missing > 0) memory.grow(missing);
    };
    super({ name: 'wasm', from, limit, at: (offset) => ({ buffer: memory.buffer, offset }), reach });
    this.memory = memory;
  }
}
