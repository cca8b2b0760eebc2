/** One tensor of a file: float32, or int64 (PyTorch's `num_batches_tracked`). Values are dense, row-major. */
export type StoredTensor =
  | { readonly dtype: 'F32'; readonly shape: readonly number[]; readonly values: Float32Array }
  | { readonly dtype: 'I64'; readonly shape: readonly number[]; readonly values: BigInt64Array };

/** Content of a .safetensors file. */
export interface TensorFile {
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  readonly metadata: Readonly<Record<string, string>>;
}

/** A tensor that still lies in its file: values are copied out of it, and checked, only where they are asked for. */
export class FileTensor {
  /** As .safetensors calls it (`F16`), else as the file does (`torch.QInt8Storage`). */
  readonly dtype: string;
  readonly shape: readonly number[];
  /** Takes its name for messages. */
  readonly read: (name: string) => StoredTensor;

  constructor(dtype: string, shape: readonly number[], read: (name: string) => StoredTensor) {
    this.dtype = dtype;
    this.shape = shape;
    this.read = read;
  }
}

/** A file of weights as it lies there, whatever its form. */
export interface Checkpoint {
  /** Bytes of the file, or of all shards. */
  readonly size: number;
  /** Tensors ({@link FileTensor}) and mappings by name, beside anything else. */
  readonly content: ReadonlyMap<unknown, unknown>;
  readonly metadata: Readonly<Record<string, string>>;
}
