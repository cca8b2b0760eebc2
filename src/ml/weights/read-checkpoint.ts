import { readFileSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fail } from '../../core/failure.ts';
import { isJsonObject } from '../../core/json.ts';
import { fileForm } from '../../util/file-form.ts';
import { formatList } from '../../util/text.ts';
import { failNoWeights } from './no-weights.ts';
import { isSafetensors, openSafetensors } from './safetensors.ts';
import { FileTensor, type Checkpoint } from './tensor-file.ts';
import { isTorchFile, openTorchFile } from './torch-file.ts';

/** Largest file that Node reads at once, in bytes. */
const LARGEST = 2 ** 31 - 1;

/** Names of files that may hold weights. */
const WEIGHTS = /\.(safetensors|pth|pt|bin|ckpt|tar)(\.index\.json)?$/;

/**
 * Opens the bytes of a file of weights: .safetensors, or what torch.save wrote. Its content tells which, not its name.
 *
 * @param bytes - the whole file
 * @param file - its name for messages
 * @returns what is in it
 * @throws FailureError `not-weights`, `damaged-weights` or `unsafe-weights`
 */
export function openCheckpoint(bytes: Uint8Array, file: string): Checkpoint {
  if (isSafetensors(bytes)) return openSafetensors(bytes, file);
  if (isTorchFile(bytes)) return openTorchFile(bytes, file);
  const form = fileForm(bytes);
  if (form?.id === 'json' && shardsIn(bytes))
    return failNoWeights({ id: 'index', name: 'the index of sharded weights, and its shards are not beside it' }, file);
  if (form) return failNoWeights(form, file);
  const begin = [...bytes.subarray(0, 8)].map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
  return failNoWeights(
    { id: 'unknown', name: `no file of weights that is known: it begins with the bytes ${begin}` },
    file,
  );
}

/** Files of shards by the names of tensors, where a text is the index of sharded weights. */
function shardsIn(bytes: Uint8Array): ReadonlyMap<string, string> | undefined {
  let index: unknown;
  try {
    index = JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
  const map = isJsonObject(index) ? index['weight_map'] : undefined;
  const isMap = isJsonObject(map) && Object.values(map).every((shard) => typeof shard === 'string');
  return isMap ? new Map(Object.entries(map as Readonly<Record<string, string>>)) : undefined;
}

function bytesOfFile(path: string, file: string): Uint8Array {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (!stats)
    return fail({
      code: 'not-weights',
      message: `there is no file ${file}`,
      place: { file },
      expected: 'a file of weights',
      fix: 'mend the path, or put the file there',
    });
  if (stats.isDirectory()) return failFolder(path, file);
  if (stats.size <= LARGEST) return readFileSync(path);
  return fail({
    code: 'not-weights',
    message: `${file} has ${stats.size} bytes, more than are read at once`,
    place: { file },
    expected: `at most ${LARGEST} bytes`,
    fix: 'save the weights alone: torch.save(model.state_dict(), path)',
  });
}

function failFolder(path: string, file: string): never {
  const files = readdirSync(path).filter((name) => WEIGHTS.test(name));
  return fail({
    code: 'not-weights',
    message: `${file} is a folder`,
    place: { file },
    expected: 'a file of weights',
    fix:
      files.length > 0
        ? `name the file in it: ${formatList(files.map((name) => join(file, name)).sort(), 4)}`
        : 'name the file in it; none of its files looks like one of weights',
  });
}

const failIndex = (file: string, message: string): never =>
  fail({
    code: 'damaged-weights',
    message: `${file} ${message}`,
    place: { file },
    expected: 'the index of sharded weights, with its shards in the same folder',
    fix: 'download the index and all shards again, into one folder',
  });

/** Reads shards, each once, and takes from each what the index says is in it. */
function readShards(shards: ReadonlyMap<string, string>, path: string, file: string): Checkpoint {
  const opened = new Map<string, Checkpoint>();
  for (const shard of new Set(shards.values())) {
    // The index may come from anywhere: it names files beside it, and no others.
    if (/[/\\]/.test(shard) || shard === '..' || shard === '.')
      failIndex(file, `names a shard outside its folder: ${shard}`);
    const place = join(dirname(path), shard);
    if (!statSync(place, { throwIfNoEntry: false })) failIndex(file, `names ${shard}, which is not beside it`);
    opened.set(shard, openCheckpoint(bytesOfFile(place, shard), shard));
  }
  const content = [...shards].map(([name, shard]) => {
    const tensor = opened.get(shard)?.content.get(name);
    return tensor instanceof FileTensor
      ? ([name, tensor] as const)
      : failIndex(file, `puts ${name} in ${shard}, which lacks it`);
  });
  const size = [...opened.values()].reduce((sum, shard) => sum + shard.size, 0);
  return { size, content: new Map(content), metadata: {} };
}

/**
 * Reads a file of weights as people have it: .safetensors, a file of torch.save, or the index of shards of either.
 *
 * @param path - absolute path
 * @param file - its name for messages
 * @returns what is in it
 * @throws FailureError that says what the file is where it is none of these
 */
export function readCheckpoint(path: string, file: string): Checkpoint {
  const bytes = bytesOfFile(path, file);
  const shards = fileForm(bytes)?.id === 'json' ? shardsIn(bytes) : undefined;
  return shards ? readShards(shards, path, file) : openCheckpoint(bytes, file);
}
