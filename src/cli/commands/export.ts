import { join, relative } from 'node:path';
import { Command, Option } from 'commander';
import type { Exported } from '../../ml/export/export-model.ts';
import { openProject } from '../../project/project.ts';
import { findTrained, type TrainedNetwork } from '../../project/trained.ts';
import { catalogue } from '../../stages/catalogue.ts';
import { checkLines, exportTrained } from '../export-network.ts';
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
  const written = await exportTrained(trained, { to, folder });
  if (json) {
    printJson(written.exported);
    return;
  }
  for (const line of checkLines(written)) printError(line);
  for (const file of written.names) print(relative(calledFrom(), join(process.cwd(), folder, file)));
}
