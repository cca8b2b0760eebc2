import { FileTensor } from './tensor-file.ts';

/** A mapping of names to tensors, somewhere in a checkpoint. */
export interface FoundDict {
  /** Keys that lead to it, from the outside: `state_dict_ema`; none where it is the checkpoint itself. */
  readonly path: readonly string[];
  readonly tensors: ReadonlyMap<string, FileTensor>;
}

/** How deep mappings are looked into. */
const DEEPEST = 4;

/** Most mappings that are looked at: an optimiser keeps one a parameter. */
const MOST = 20_000;

/**
 * Modules that PyTorch puts around others without the model's doing: torch.compile, fully sharded training, recomputed
 * activations, Lightning Fabric. They may stand anywhere in a name, and mean nothing.
 */
const AROUND = new Set(['_orig_mod', '_fsdp_wrapped_module', '_checkpoint_wrapped_module', '_forward_module']);

const plain = (name: string): string =>
  name
    .split('.')
    .filter((part) => !AROUND.has(part))
    .join('.');

/** The tensors of a mapping, by their names without what was put around modules where names stay different. */
function tensorsOf(mapping: ReadonlyMap<unknown, unknown>): ReadonlyMap<string, FileTensor> {
  const named = [...mapping].filter((entry): entry is [string, FileTensor] => {
    const [name, value] = entry;
    return typeof name === 'string' && value instanceof FileTensor;
  });
  const short = new Map(named.map(([name, tensor]) => [plain(name), tensor]));
  return short.size === named.length ? short : new Map(named);
}

/**
 * Finds every state dict of a checkpoint, and whatever else names tensors: those of an optimiser, for example.
 *
 * @param content - the checkpoint
 * @returns mappings with tensors in them, the outer before the inner
 */
export function stateDictsIn(content: ReadonlyMap<unknown, unknown>): readonly FoundDict[] {
  const found: FoundDict[] = [];
  const seen = new Set<unknown>([content]);
  const open: { mapping: ReadonlyMap<unknown, unknown>; path: readonly string[] }[] = [{ mapping: content, path: [] }];
  for (let next = open.shift(); next && seen.size < MOST; next = open.shift()) {
    const { mapping, path } = next;
    const tensors = tensorsOf(mapping);
    if (tensors.size > 0) found.push({ path, tensors });
    if (path.length === DEEPEST) continue;
    for (const [key, value] of mapping) {
      if (typeof key !== 'string' || !(value instanceof Map) || seen.has(value)) continue;
      seen.add(value);
      open.push({ mapping: value as ReadonlyMap<unknown, unknown>, path: [...path, key] });
    }
  }
  return found;
}
