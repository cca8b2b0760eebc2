import { unzipSync, type UnzipFileInfo } from 'fflate';
import { zipForm } from '../../util/file-form.ts';
import { ByteReader } from './byte-reader.ts';
import { failNoWeights } from './no-weights.ts';
import { damagedTorchFile, readPickle, type Pickled } from './pickle.ts';
import { FileTensor, type Checkpoint } from './tensor-file.ts';
import { TorchPickleHandlers } from './torch-globals.ts';

/** First bytes of a zip archive with at least one file in it. */
const ZIP = 0x04034b50;

/** First object of a file of torch.save before PyTorch 1.6. */
const LEGACY_MAGIC = 0x1950a86a20f9469cfc6cn;

/** The archive of PyTorch 1.6 and later: `<name>/data.pkl`, and the bytes of each storage in `<name>/data/<key>`. */
function readArchive(bytes: Uint8Array, world: TorchPickleHandlers, file: string): Pickled {
  const names: string[] = [];
  let stored = 0;
  let parts: Readonly<Record<string, Uint8Array>>;
  try {
    // torch.save compresses nothing: what is compressed is not its work, and could unpack to any size.
    const filter = ({ name, compression, size }: UnzipFileInfo): boolean => {
      names.push(name);
      if (compression !== 0) return false;
      // Each part is copied: parts that lie over each other would make more of the file than it is.
      if ((stored += size) > bytes.length) throw new Error('its parts overlap');
      return true;
    };
    parts = unzipSync(bytes, { filter });
  } catch (error) {
    return damagedTorchFile(file, `is no whole zip archive: ${(error as Error).message}`);
  }
  const pickle = Object.keys(parts).find((name) => /^[^/]+\/data\.pkl$/.test(name));
  const content = pickle === undefined ? undefined : parts[pickle];
  if (pickle === undefined && names.some((name) => /^[^/]+\/data\.pkl$/.test(name)))
    return damagedTorchFile(file, 'was packed again: its data.pkl is compressed');
  const form = zipForm(names);
  if (pickle === undefined || !content || form.id === 'torchscript') return failNoWeights(form, file);
  const folder = pickle.slice(0, -'data.pkl'.length);
  const order = parts[`${folder}byteorder`];
  if (order && new TextDecoder().decode(order) !== 'little')
    damagedTorchFile(file, 'was saved by a machine with another byte order');
  const ended = (): never => damagedTorchFile(file, 'has a data.pkl that ends too early');
  const value = readPickle(new ByteReader(content, 0, ended), world, file);
  for (const [key, storage] of world.storages) storage.bytes = parts[`${folder}data/${key}`];
  return value;
}

/** The form before PyTorch 1.6: pickles of a magic number, version, machine, object and keys, then the storages' bytes. */
function readLegacy(bytes: Uint8Array, world: TorchPickleHandlers, file: string): Pickled {
  const read = new ByteReader(bytes, 0, () => damagedTorchFile(file, 'ends too early'));
  const next = (): Pickled => readPickle(read, world, file);
  if (next() !== LEGACY_MAGIC) return damagedTorchFile(file, 'is a pickle, but not one of torch.save');
  next();
  next();
  const value = next();
  const keys = next();
  for (const key of Array.isArray(keys) ? (keys as readonly Pickled[]) : []) {
    const storage = typeof key === 'string' ? world.storages.get(key) : undefined;
    const width = storage?.width;
    if (!storage || width === undefined)
      return damagedTorchFile(file, `holds numbers of ${storage?.type ?? 'no storage'}, which cannot be read`);
    storage.bytes = read.bytes(read.int64() * width);
  }
  return value;
}

/**
 * Says whether a file is one of torch.save, or another pickle or zip archive.
 *
 * @param bytes - the file, or its beginning
 * @returns true for both forms of it
 */
export function isTorchFile(bytes: Uint8Array): boolean {
  if (bytes.length < 4) return false;
  const isZip = new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0, true) === ZIP;
  const [first, protocol = 0] = bytes;
  return isZip || (first === 0x80 && protocol >= 2 && protocol <= 5);
}

/**
 * Opens a file of torch.save, whichever its form. The file may come from anywhere: it is read as data, and what is not is
 * refused by name.
 *
 * @param bytes - the whole file
 * @param file - its name for messages
 * @returns what was saved, with tensors that are read when they are asked for
 * @throws FailureError `unsafe-weights`, `damaged-weights` or `not-weights`
 */
export function openTorchFile(bytes: Uint8Array, file: string): Checkpoint {
  const world = new TorchPickleHandlers(file);
  const isZip = bytes[0] === 0x50;
  const content = isZip ? readArchive(bytes, world, file) : readLegacy(bytes, world, file);
  if (content instanceof Map) return { size: bytes.length, content, metadata: {} };
  return damagedTorchFile(file, `holds no state dict: ${content instanceof FileTensor ? 'one tensor' : 'no mapping'}`);
}
