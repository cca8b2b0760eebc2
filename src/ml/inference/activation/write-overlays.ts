import { basename, dirname, extname, join, resolve } from 'node:path';
import { fail } from '../../../core/failure.ts';
import { at } from '../../../util/at.ts';
import { withNameAdvice } from '../../../util/text.ts';
import { writeWhole } from '../../../util/write-whole.ts';
import { encodePng } from '../../data/pictures/encode-png.ts';
import type { Engine } from '../../engines/engine.ts';
import type { TrainedModel } from '../trained-model.ts';
import type { MapMethod } from './last-map.ts';
import { mapFiles } from './map-files.ts';
import { overlay } from './overlay.ts';

/** A picture whose overlay was written. */
export interface Overlay {
  /** Path of the PNG file. */
  readonly file: string;
  readonly class: string;
  readonly method: MapMethod;
  /** The map's numbers, row by row: see `activationOf`. */
  readonly map: readonly (readonly number[])[];
}

/** What overlays are made of. */
export interface Overlays {
  readonly model: TrainedModel;
  /** Paths of pictures, each with the class that is looked for in it. */
  readonly wanted: readonly { readonly file: string; readonly class: string }[];
  readonly engine: Engine;
  /** Path of the folder that they are written into, which is made when missing. */
  readonly folder: string;
}

/** A file for each picture, named as it is; pictures of one name in several folders are numbered. */
function namesFor(files: readonly string[], folder: string): readonly string[] {
  const beside = files.find((file) => resolve(dirname(file)) === resolve(folder));
  if (beside !== undefined)
    fail({
      code: 'overlays-over-pictures',
      message: `${beside} lies in ${folder}, where the maps would be written`,
      expected: 'a folder without the pictures',
      fix: 'name another folder behind --cam',
    });
  const taken = new Set<string>();
  return files.map((file) => {
    const stem = basename(file, extname(file));
    let name = stem;
    for (let more = 2; taken.has(name); more++) name = `${stem}-${more}`;
    taken.add(name);
    return join(folder, `${name}.png`);
  });
}

function labelOf({ classes, network }: TrainedModel, name: string): number {
  const label = classes.indexOf(name);
  if (label !== -1) return label;
  const problem = { code: 'unknown-class', message: `${network.model} knows no class ${name}` };
  return fail(withNameAdvice(problem, name, classes));
}

/**
 * Writes where a network looks in pictures, as colours over them.
 *
 * @param overlays - network, pictures, classes and folder
 * @returns what was written, in the order of the pictures
 * @throws FailureError `overlays-over-pictures`, `unknown-class`, and those of {@link mapFiles}
 */
export async function writeOverlays(overlays: Overlays): Promise<readonly Overlay[]> {
  const { model, wanted, engine, folder } = overlays;
  const files = namesFor(
    wanted.map(({ file }) => file),
    folder,
  );
  const labelled = wanted.map(({ file, class: name }) => ({ file, label: labelOf(model, name) }));
  const written: Overlay[] = [];
  for await (const found of mapFiles(model, labelled, engine)) {
    const index = written.length;
    const file = at(files, index);
    writeWhole(file, await encodePng(overlay(found.picture, found)));
    const { width, height, values, method } = found;
    const map = Array.from({ length: height }, (_, y) => [...values.subarray(y * width, (y + 1) * width)]);
    written.push({ file, class: at(wanted, index).class, method, map });
  }
  return written;
}
