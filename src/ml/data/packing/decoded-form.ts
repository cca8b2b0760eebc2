import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import type { PackedManifest } from '../packed.ts';
import { SPLITS } from '../split.ts';

/**
 * Writes `dataset.json`.
 *
 * @param manifest - what is in it
 * @returns its text
 */
export function manifestText(manifest: PackedManifest): string {
  return `${JSON.stringify(manifest, null, 2)}\n`;
}

async function digestOf(path: string): Promise<string> {
  const sum = createHash('sha256');
  for await (const bytes of createReadStream(path)) sum.update(bytes as Buffer);
  return sum.digest('hex');
}

/**
 * The files that the decoded form of a set consists of, by their digests, where files of images are kept instead: whoever
 * reads either form sees the same pictures, so that this is what results are known by.
 *
 * @param folder - of the encoded form
 * @param manifest - of the encoded form
 * @param pixels - digests of the files that it lacks
 * @returns SHA-256 by name
 */
export async function decodedForm(
  folder: string,
  manifest: PackedManifest,
  pixels: Readonly<Record<string, string>>,
): Promise<Readonly<Record<string, string>>> {
  const text = manifestText({ ...manifest, format: 1 });
  const digests: Record<string, string> = {
    ...pixels,
    'dataset.json': createHash('sha256').update(text).digest('hex'),
  };
  for (const split of SPLITS)
    for (const name of [`${split}.labels`, `${split}.names`]) digests[name] = await digestOf(join(folder, name));
  return digests;
}
