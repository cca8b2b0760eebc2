/**
 * A process that tries out on itself what could kill it: loads the module whose path it is given, multiplies two matrices, and
 * exits 0 where the product is right. It says in JSON which TensorFlow that was, and whether it found a GPU.
 */
import { createRequire } from 'node:module';
import { DIFFERENT, type Proof } from './proof.ts';

/** What is used of the module here. */
interface Binding {
  readonly TF_Version: string;
  readonly TF_ATTR_BOOL: number;
  readonly TF_ATTR_TYPE: number;
  createTensor(shape: readonly number[], type: number, values: Float32Array): number;
  executeOp(
    name: string,
    attributes: readonly { name: string; type: number; value: boolean | number }[],
    inputs: readonly number[],
    outputs: number,
  ): readonly { readonly id: number }[];
  tensorDataSync(id: number): Float32Array;
  isUsingGpuDevice(): boolean;
}

/** TensorFlow's DT_FLOAT. */
const FLOAT = 1;
const SIDE = 64;

/** Values of a matrix in small whole numbers, so that every order of summing gives the same product. */
const matrix = (factor: number): Float32Array =>
  Float32Array.from({ length: SIDE * SIDE }, (_, at) => ((at * factor) % 7) - 3);

function product(binding: Binding, a: Float32Array, b: Float32Array): Float32Array {
  const inputs = [a, b].map((values) => binding.createTensor([SIDE, SIDE], FLOAT, values));
  const attributes = [
    { name: 'transpose_a', type: binding.TF_ATTR_BOOL, value: false },
    { name: 'transpose_b', type: binding.TF_ATTR_BOOL, value: false },
    { name: 'T', type: binding.TF_ATTR_TYPE, value: FLOAT },
  ];
  const [output] = binding.executeOp('MatMul', attributes, inputs, 1);
  if (!output) throw new Error('MatMul gave nothing');
  return binding.tensorDataSync(output.id);
}

/** The product at one place, by its definition. */
function expected(a: Float32Array, b: Float32Array, at: number): number {
  const [row, column] = [Math.floor(at / SIDE), at % SIDE];
  let sum = 0;
  for (let i = 0; i < SIDE; i++) sum += (a[row * SIDE + i] ?? NaN) * (b[i * SIDE + column] ?? NaN);
  return sum;
}

const [path = ''] = process.argv.slice(2);
const binding = createRequire(import.meta.url)(path) as Binding;
const [a, b] = [matrix(3), matrix(5)];
const values = product(binding, a, b);
const same = values.length === SIDE * SIDE && values.every((value, at) => value === expected(a, b, at));
const proof: Proof = { version: binding.TF_Version, gpu: binding.isUsingGpuDevice() };
process.stdout.write(`${JSON.stringify(proof)}\n`);
process.exitCode = same ? 0 : DIFFERENT;
