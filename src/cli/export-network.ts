import type { Exported } from '../ml/export/export-model.ts';
import type { TrainedNetwork } from '../project/trained.ts';

/** In which forms a network is written, and where. */
interface Wanted {
  readonly to: readonly Exported['format'][];
  /** Absolute path, or one from the current folder. */
  readonly folder: string;
  /** Identifier of its licence, for the card. */
  readonly license?: string | undefined;
}

/** What was written, and what it was checked with. */
export interface ExportedNetwork {
  readonly exported: readonly Exported[];
  /** Names of all files, the card last. */
  readonly names: readonly string[];
  /** `images of its dataset`. */
  readonly shown: string;
}

/**
 * Writes a trained network for use elsewhere, with its card.
 *
 * @param trained - the network
 * @param wanted - forms and folder
 * @returns what was written
 * @throws FailureError where it cannot be read, or an export differs
 */
export async function exportTrained(trained: TrainedNetwork, wanted: Wanted): Promise<ExportedNetwork> {
  const { to, folder, license } = wanted;
  // What runs networks is loaded only by the commands that export, and when all their arguments are right.
  const { openTrained } = await import('../ml/inference/open-trained.ts');
  const { disposeEngines } = await import('../ml/inference/shared-engine.ts');
  const { exportModel } = await import('../ml/export/export-model.ts');
  const { sampleImages } = await import('../ml/export/sample-images.ts');
  const { model, data } = openTrained(trained.weights, trained.data);
  try {
    const images = await sampleImages(model, data);
    const origin = { ...trained, ...(license !== undefined && { license }) };
    const exported = await exportModel({ model, formats: to, folder, images, origin });
    return {
      exported,
      names: [...exported.flatMap(({ files }) => files), 'README.md'],
      shown: data ? 'images of its dataset' : 'images of noise',
    };
  } finally {
    data?.close();
    await disposeEngines();
  }
}

const exactness = (difference: number): string =>
  difference === 0 ? ', to the bit' : `, to ${difference.toExponential(1)} of the largest`;

/**
 * Says who has checked what was exported.
 *
 * @param written - what was written
 * @returns a line a form
 */
export function checkLines(written: ExportedNetwork): readonly string[] {
  const { exported, shown } = written;
  return exported.map(({ format, ...found }) =>
    'by' in found
      ? `${format}: ${found.by} gives the same logits for ${found.images} ${shown}${exactness(found.difference)}`
      : `${format}: not checked: ${found.unchecked}`,
  );
}
