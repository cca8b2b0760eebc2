import { Command, Option } from 'commander';
import type { MeasureOptions } from '../../ml/bench/measure.ts';
import type { Overlay } from '../../ml/inference/activation/write-overlays.ts';
import type { Chance } from '../../ml/inference/predict-files.ts';
import { fail } from '../../core/failure.ts';
import { openProject } from '../../project/project.ts';
import { findTrained } from '../../project/trained.ts';
import { catalogue } from '../../stages/catalogue.ts';
import { csvText } from '../../util/csv-text.ts';
import { examples, jsonOption, positiveInteger } from '../options.ts';
import { columns, print, printJson } from '../terminal.ts';
import { typedPath } from '../workspace.ts';

interface Flags {
  readonly top: number;
  readonly tta: 'none' | 'ten-crop';
  readonly batchSize: number;
  readonly engine: MeasureOptions['engine'];
  readonly cam?: string;
  readonly class?: string;
  readonly csv?: boolean;
  readonly json?: boolean;
}

/**
 * `kdpipe predict`: what a trained network sees in pictures.
 *
 * @returns the commander command
 */
export function command(): Command {
  const engines = Object.keys(catalogue()['engines'] ?? {});
  return new Command('predict')
    .argument('<network>', 'a trained cell, or a .safetensors file that a stage has written')
    .argument('<pictures...>', 'files, or folders of files')
    .option('--top <k>', 'classes of each picture, the likeliest first', positiveInteger, 5)
    .addOption(
      new Option('--tta <name>', 'none: the centre; ten-crop: the mean of corners, centre and their mirrors')
        .choices(['none', 'ten-crop'])
        .default('none'),
    )
    .option('--batch-size <n>', 'pictures that pass the network together', positiveInteger, 64)
    .addOption(new Option('--engine <name>', 'what computes').choices(['auto', ...engines]).default('auto'))
    .option('--cam <folder>', 'also write where the network looks, as colours over each picture: PNG files')
    .option('--class <name>', 'with --cam: the class that it looks for; by default the likeliest of each picture')
    .option('--csv', 'print CSV: picture, rank, class, probability; with --cam the file, too')
    .addOption(jsonOption().conflicts('csv'))
    .addHelpText(
      'after',
      examples(
        "kdpipe predict 'student[seed=0]' photo.jpg",
        'kdpipe predict teacher photos/ --top 1 --csv > photos.csv',
        'kdpipe predict teacher photos/ --cam looks --class cat',
      ),
    )
    .action(predictPictures);
}

/** A picture, and what is told of it. */
interface Seen {
  readonly picture: string;
  /** The likeliest first. */
  readonly classes: readonly Chance[];
  /** Where the network looks, where that was asked for. */
  readonly cam?: Overlay | undefined;
}

async function predictPictures(name: string, words: readonly string[], flags: Flags): Promise<void> {
  const { cam: folder, class: looked, top, tta, batchSize } = flags;
  if (looked !== undefined && folder === undefined)
    fail({ code: 'useless-option', message: '--class says what --cam looks for', fix: 'add --cam FOLDER' });
  const trained = findTrained(openProject(), typedPath(name));
  // What runs networks is loaded only by this command.
  const { pictureFiles } = await import('../../ml/inference/picture-files.ts');
  const { openTrained } = await import('../../ml/inference/open-trained.ts');
  const { predictFiles } = await import('../../ml/inference/predict-files.ts');
  const { disposeEngines, sharedEngine } = await import('../../ml/inference/shared-engine.ts');
  const files = words.flatMap((word) => pictureFiles(typedPath(word)));
  const { model, data } = openTrained(trained.weights, trained.data);
  data?.close();
  try {
    const engine = await sharedEngine(flags.engine);
    const { signal } = new AbortController();
    const found = (await predictFiles(model, files, { engine, batchSize, tta, signal })) ?? [];
    const wanted = files.map((file, at) => ({ file, class: looked ?? found[at]?.[0]?.class ?? '' }));
    const overlays =
      folder === undefined
        ? []
        : await (
            await import('../../ml/inference/activation/write-overlays.ts')
          ).writeOverlays({ model, wanted, engine, folder: typedPath(folder) });
    const seen = files.map((picture, at) => ({
      picture,
      classes: (found[at] ?? []).slice(0, top),
      cam: overlays[at],
    }));
    tell(seen, flags);
  } finally {
    await disposeEngines();
  }
}

function tell(seen: readonly Seen[], { csv, json, cam }: Flags): void {
  const fileOf = (one: Seen): readonly string[] => (one.cam ? [one.cam.file] : []);
  if (json) printJson(seen);
  else if (csv) {
    const rows = seen.flatMap((one) =>
      one.classes.map(({ class: name, probability }, rank) => [
        ...[one.picture, rank + 1, name, probability.toPrecision(6)],
        ...fileOf(one),
      ]),
    );
    const head = ['picture', 'rank', 'class', 'probability', ...(cam === undefined ? [] : ['cam'])];
    print(csvText(head, rows).trimEnd());
  } else
    print(
      columns(
        seen.map((one) => [
          one.picture,
          ...one.classes.map(({ class: name, probability }) => `${name} ${(100 * probability).toFixed(1)} %`),
          ...fileOf(one),
        ]),
      ),
    );
}
