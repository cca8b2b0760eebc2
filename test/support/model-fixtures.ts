import { readFileSync } from 'node:fs';
import type { ModelName } from '../../src/ml/models/registry.ts';
import type { Role } from '../../src/ml/network/network.ts';

/** name, kind, inputs, outputs, kernel, stride, padding, groups, bias, MACs. */
type ProductRow = [string, 'conv' | 'linear', number, number, number, number, number, number, boolean, number];
type LayerRow = ProductRow | [string, 'batch-norm', number];

/** What PyTorch says of a network's structure. */
export interface Structure {
  readonly side: number;
  readonly classes: number;
  readonly parameters: number;
  readonly macs: number;
  /** [channels, height, width] of block1, block2, … */
  readonly blocks: readonly (readonly number[])[];
  readonly layers: readonly ProductRow[];
  /** State-dict entries in order, without batch norm's counters. */
  readonly entries: readonly { readonly name: string; readonly shape: readonly number[]; readonly role: string }[];
}

/** A file of the reference set, as far as it is read. */
export interface ReferenceFile {
  readonly parameters: number;
  readonly parameters_1000_classes: number;
  readonly macs_224: number;
  readonly macs_224_1000_classes: number;
  readonly macs_64: number;
  readonly bn_eps: readonly number[];
  readonly bn_momentum: readonly number[];
  readonly dropout: readonly (readonly [string, number])[];
  readonly stochastic_depth: readonly (readonly [string, number])[];
  readonly blocks_224: readonly (readonly [string, readonly number[]])[];
  readonly blocks_64: readonly (readonly [string, readonly number[]])[];
  readonly layers: readonly ProductRow[];
  readonly entries: readonly (readonly [string, readonly number[], 'param' | 'buffer', string])[];
}

const fixture = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(`../fixtures/models/${name}.json`, import.meta.url), 'utf8'));

/** The networks of the reference set. */
export const REFERENCE_MODELS = ['mobilenetv2', 'resnet50', 'ghostnet', 'efficientnet_v2_s'] as const;

/** A file of the reference set. */
export const referenceFile = (name: (typeof REFERENCE_MODELS)[number]): ReferenceFile => fixture(name) as ReferenceFile;

function entriesOf(layers: readonly LayerRow[]): Structure['entries'] {
  const entry = (name: string, role: Role, shape: readonly number[]) => ({ name, role, shape });
  return layers.flatMap((row) => {
    if (row[1] === 'batch-norm') {
      const leaves = { weight: 'bn.weight', bias: 'bn.bias', running_mean: 'bn.mean', running_var: 'bn.var' } as const;
      return Object.entries(leaves).map(([leaf, role]) => entry(`${row[0]}.${leaf}`, role, [row[2]]));
    }
    const [name, kind, inputs, outputs, kernel, , , groups, bias] = row;
    const shape = kind === 'conv' ? [outputs, inputs / groups, kernel, kernel] : [outputs, inputs];
    const weight = entry(`${name}.weight`, `${kind}.weight`, shape);
    return bias ? [weight, entry(`${name}.bias`, `${kind}.bias`, [outputs])] : [weight];
  });
}

function ofReference(file: ReferenceFile): Structure {
  return {
    side: 224,
    classes: 200,
    parameters: file.parameters,
    macs: file.macs_224,
    blocks: file.blocks_224.map(([, shape]) => shape),
    layers: file.layers,
    entries: file.entries
      .filter(([, , , role]) => role !== 'bn.count')
      .map(([name, shape, , role]) => ({ name, shape, role })),
  };
}

type FurtherFile = Omit<Structure, 'entries' | 'layers'> & { readonly layers: readonly LayerRow[] };

const ofFurther = (file: FurtherFile): Structure => ({
  ...file,
  layers: file.layers.filter((row): row is ProductRow => row[1] !== 'batch-norm'),
  entries: entriesOf(file.layers),
});

/** PyTorch's structure of every network that it was asked for. */
export const structures: ReadonlyMap<ModelName, Structure> = new Map<ModelName, Structure>([
  ...REFERENCE_MODELS.map((name) => [name, ofReference(referenceFile(name))] as const),
  ...Object.entries(fixture('further') as Readonly<Record<string, FurtherFile>>).map(
    ([name, file]) => [name as ModelName, ofFurther(file)] as const,
  ),
]);

/** Mean, population standard deviation and first values of a block, in PyTorch's order. */
export interface BlockSummary {
  readonly mean: number;
  readonly std: number;
  readonly first8: readonly number[];
}

/** What PyTorch computes for hash-made weights and images. */
export interface Golden {
  readonly gain: number;
  readonly side: number;
  readonly labels: readonly number[];
  readonly label_smoothing: number;
  readonly max_f32_difference: Readonly<Record<string, number>>;
  readonly eval_logits: readonly (readonly number[])[];
  readonly eval_blocks: Readonly<Record<string, BlockSummary>>;
  readonly train_logits: readonly (readonly number[])[];
  readonly train_blocks: Readonly<Record<string, BlockSummary>>;
  readonly eval_loss: number;
  readonly train_loss: number;
  readonly bn_after_one_training_forward: Readonly<Record<string, { mean: number; first16: readonly number[] }>>;
  readonly train_grad_norm: Readonly<Record<string, number>>;
  /** First values of some gradients. */
  readonly train_grad_first4: Readonly<Record<string, readonly number[]>>;
}

/** PyTorch's numbers of every network that it was asked for. */
export const goldens: ReadonlyMap<ModelName, Golden> = new Map<ModelName, Golden>([
  ...REFERENCE_MODELS.map((name) => [name, { ...(fixture(`${name}.golden`) as Golden), side: 64 }] as const),
  ...(Object.entries(fixture('further.golden') as object) as [ModelName, Golden][]),
]);
