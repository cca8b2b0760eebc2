import { join, relative } from 'node:path';
import { Command, Option } from 'commander';
import type { Exported } from '../../ml/export/export-model.ts';
import { openProject } from '../../project/project.ts';
import { findTrained, type TrainedNetwork } from '../../project/trained.ts';
import { catalogue } from '../../stages/catalogue.ts';
import { examples, jsonOption } from '../options.ts';
import { print, printError, printJson } from '../terminal.ts';
import { calledFrom, typedPath } from '../workspace.ts';

type Format = Exported['format'];

interface Flags {
  readonly to: readonly Format[];
  readonly out?: string;
  readonly json?: boolean;
}

/** Names of all forms that a network is exported to. */
const formatNames = (): readonly string[] => Object.keys(catalogue()['exports'] ?? {});

/**
 * `kdpipe export`: a trained network as files that other programs read, with its model card.
 *
 * @returns the commander command
 */
export function command(): Command {
  const formats = formatNames();
  return new Command('export')
    .argument('<network>', 'a trained cell, or a .safetensors file that a stage has written')
    .addOption(new Option('--to <formats...>', 'in which forms').choices(formats).default(formats))
    .option('-o, --out <folder>', 'where to; by default exported/ and the name of the cell')
    .addOption(jsonOption())
    .addHelpText('after', examples("kdpipe export 'student[seed=0]'", 'kdpipe export teacher --to onnx -o phone'))
    .action(exportNetwork);
}

/** The part of a cell's name that a folder can be called everywhere. */
const folderFor = ({ name }: TrainedNetwork): string =>
  join(
    'exported',
    name
      .replace(/^.*[\\/]/, '')
      .replaceAll(/[^\w.=,+-]+/g, '-')
      .replaceAll(/^-+|-+$/g, ''),
  );

async function exportNetwork(name: string, { to, out, json = false }: Flags): Promise<void> {
  const trained = findTrained(openProject(), typedPath(name));
  const folder = typedPath(out ?? folderFor(trained));
  // What runs networks is loaded only by this command, and when all its arguments are right.
  const { openTrained } = await import('../../ml/inference/open-trained.ts');
  const { disposeEngines } = await import('../../ml/inference/shared-engine.ts');
  const { exportModel } = await import('../../ml/export/export-model.ts');
  const { sampleImages } = await import('../../ml/export/sample-images.ts');
  const { model, data } = openTrained(trained.weights, trained.data);
  try {
    const images = await sampleImages(model, data);
    const exported = await exportModel({ model, formats: to, folder, images, origin: trained });
    if (json) printJson(exported);
    else tell(exported, { folder, shown: data ? 'images of its dataset' : 'images of noise' });
  } finally {
    data?.close();
    await disposeEngines();
  }
}

const exactness = (difference: number): string =>
  difference === 0 ? ', to the bit' : `, to ${difference.toExponential(1)} of the largest`;

function tell(
  exported: readonly Exported[],
  { folder, shown }: { readonly folder: string; readonly shown: string },
): void {
  for (const { format, ...found } of exported)
    printError(
      'by' in found
        ? `${format}: ${found.by} gives the same logits for ${found.images} ${shown}${exactness(found.difference)}`
        : `${format}: not checked: ${found.unchecked}`,
    );
  const names = [...exported.flatMap(({ files }) => files), 'README.md'];
  for (const file of names) print(relative(calledFrom(), join(process.cwd(), folder, file)));
}
