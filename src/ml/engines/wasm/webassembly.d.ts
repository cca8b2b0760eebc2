// The parts of Node's WebAssembly that the engine uses: neither es2023 nor @types/node 20 declares them.
declare namespace WebAssembly {
  interface Module {
    readonly [Symbol.toStringTag]: string;
  }
  interface Memory {
    readonly buffer: SharedArrayBuffer;
    grow(pages: number): number;
  }
  interface Global {
    value: number;
  }
  interface Instance {
    readonly exports: Readonly<Record<string, unknown>>;
  }
  const Module: {
    new (bytes: Uint8Array): Module;
    exports(module: Module): readonly { readonly name: string; readonly kind: string }[];
    imports(module: Module): readonly { readonly module: string; readonly name: string; readonly kind: string }[];
  };
  const Memory: new (options: { initial: number; maximum: number; shared: true }) => Memory;
  const Instance: new (module: Module, imports: { env: { memory: Memory } }) => Instance;
  function validate(bytes: Uint8Array): boolean;
}
