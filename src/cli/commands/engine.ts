import { Argument, Command } from 'commander';
import type { FoundInstallation } from '../../ml/engines/tensorflow/install/installations.ts';
import { fileSize } from '../../util/file-size.ts';
import { examples, jsonOption } from '../options.ts';
import { columns, print, printError, printJson } from '../terminal.ts';

/** Engines that are installed; the others come with kdpipe, or are somebody else's. */
const INSTALLABLE = ['tensorflow'];

interface InstallFlags {
  readonly gpu?: boolean;
  readonly python?: string;
  readonly wheel?: string;
}

async function install(_: string, { gpu = false, ...options }: InstallFlags): Promise<void> {
  const { prepareInstallation } = await import('../../ml/engines/tensorflow/install/install.ts');
  const { showSteps } = await import('../engine/show-steps.ts');
  const { summary, steps, folder, end } = await prepareInstallation({ variant: gpu ? 'cuda' : 'cpu', ...options });
  printError(summary);
  try {
    await showSteps(steps);
  } finally {
    end();
  }
  print(folder);
}

const cellsOf = ({ engine, version, gpu, whole, bytes, folder }: FoundInstallation): readonly string[] => [
  ...[engine, version, gpu ? 'CUDA' : 'CPU', whole ? 'whole' : 'half made', fileSize(bytes)],
  folder,
];

async function list({ json = false }: { readonly json?: boolean }): Promise<void> {
  const { installations } = await import('../../ml/engines/tensorflow/install/installations.ts');
  const found = installations();
  if (json) printJson(found);
  else if (found.length === 0) printError('nothing is installed (kdpipe engine install tensorflow)');
  else print(columns(found.map(cellsOf)));
}

async function remove(): Promise<void> {
  const { installations, removeInstallation } = await import('../../ml/engines/tensorflow/install/installations.ts');
  const found = installations();
  for (const installation of found) {
    removeInstallation(installation);
    print(`removed ${installation.folder} (${fileSize(installation.bytes)})`);
  }
  if (found.length === 0) printError('nothing is installed');
}

const engineArgument = (): Argument => new Argument('<engine>', 'which').choices(INSTALLABLE);

/**
 * `kdpipe engine`: installs, lists and removes what engines need beside kdpipe.
 *
 * @returns the commander command
 */
export function command(): Command {
  const engine = new Command('engine').addHelpText(
    'after',
    examples('kdpipe engine install tensorflow', 'kdpipe engine install tensorflow --gpu', 'kdpipe engine list'),
  );
  engine
    .command('install')
    .summary('install an engine into the cache folder (~/.cache/kdpipe/engines)')
    .addArgument(engineArgument())
    .option('--gpu', 'with CUDA, for GPUs of NVIDIA')
    .option('--python <path>', 'the Python whose pip fetches wheels (KDPIPE_PYTHON, else python3)')
    .option('--wheel <file>', 'a wheel that is here already; other files are looked for beside it')
    .action(install);
  engine.command('list').summary('what is installed').addOption(jsonOption()).action(list);
  engine.command('remove').summary('remove all of an engine').addArgument(engineArgument()).action(remove);
  return engine;
}
