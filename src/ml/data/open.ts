import { join } from 'node:path';
import { OpenDecoded, OpenEncoded } from './open-split.ts';
import { failDamaged, parseJson } from './packed-files.ts';
import type { PackedDataset, PackedManifest, PackedSplit, Split } from './packed.ts';
import { SPLITS } from './split.ts';

/** Views up to this many bytes are read into memory; larger ones stay on disk and in the page cache. */
const IN_MEMORY = 256 * 2 ** 20;

function isManifest(value: unknown): value is PackedManifest {
  const manifest = value as Partial<PackedManifest> | null;
  if ((manifest?.format !== 1 && manifest?.format !== 2) || !Array.isArray(manifest.classes)) return false;
  const splits = (manifest.splits ?? {}) as Partial<PackedManifest['splits']>;
  return SPLITS.every((split) => Number.isSafeInteger(splits[split]?.count));
}

/**
 * Opens a packed dataset. Splits and views are opened and checked when they are first used.
 *
 * @param folder - absolute path of the `data` output of a dataset stage
 * @param inMemory - largest view, in bytes, that is read into memory rather than from disk image by image
 * @returns the dataset; close it to release its file descriptors
 * @throws FailureError `damaged-dataset` here or on first use when files are missing, cut short or contradict each other
 */
export function openPacked(folder: string, inMemory: number = IN_MEMORY): PackedDataset {
  const file = join(folder, 'dataset.json');
  const manifest = parseJson(file);
  if (!isManifest(manifest)) return failDamaged(file, 'is not the manifest of a packed dataset');
  const { imageSize, interpolation = 'bilinear', cropPct = 1 } = manifest;
  const opened = new Map<Split, OpenDecoded | OpenEncoded>();
  const split = (name: Split): PackedSplit => {
    const known = opened.get(name);
    if (known) return known;
    const spec = { path: join(folder, name), count: manifest.splits[name].count, classes: manifest.classes.length };
    const fresh =
      manifest.format === 1
        ? new OpenDecoded(spec, inMemory)
        : new OpenEncoded(spec, { imageSize, interpolation, cropPct });
    opened.set(name, fresh);
    return fresh;
  };
  return { manifest, split, close: () => opened.forEach((part) => part.close()) };
}
