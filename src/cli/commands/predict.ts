import { Command, Option } from 'commander';
import type { MeasureOptions } from '../../ml/bench/measure.ts';
import type { Chance } from '../../ml/inference/predict-files.ts';
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
    .option('--csv', 'print CSV: picture, rank, class, probability')
    .addOption(jsonOption().conflicts('csv'))
    .addHelpText(
      'after',
      examples(
        "kdpipe predict 'student[seed=0]' photo.jpg",
        'kdpipe predict teacher photos/ --top 1 --csv > photos.csv',
      ),
    )
    .action(predictPictures);
}

async function predictPictures(name: string, words: readonly string[], flags: Flags): Promise<void> {
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
    const { batchSize, tta } = flags;
    const { signal } = new AbortController();
    const found = (await predictFiles(model, files, { engine, batchSize, tta, signal })) ?? [];
    tell(
      files,
      found.map((chances) => chances.slice(0, flags.top)),
      flags,
    );
  } finally {
    await disposeEngines();
  }
}

function tell(files: readonly string[], found: readonly (readonly Chance[])[], { csv, json }: Flags): void {
  const shown = files.map((picture, at) => ({ picture, classes: found[at] ?? [] }));
  if (json) printJson(shown);
  else if (csv) {
    const rows = shown.flatMap(({ picture, classes }) =>
      classes.map(({ class: name, probability }, rank) => [picture, rank + 1, name, probability.toPrecision(6)]),
    );
    print(csvText(['picture', 'rank', 'class', 'probability'], rows).trimEnd());
  } else
    print(
      columns(
        shown.map(({ picture, classes }) => [
          picture,
          ...classes.map(({ class: name, probability }) => `${name} ${(100 * probability).toFixed(1)} %`),
        ]),
      ),
    );
}
