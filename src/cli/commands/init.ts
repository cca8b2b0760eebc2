import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, relative, resolve, sep } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { fail } from '../../core/failure.ts';
import { plan } from '../../project/plan.ts';
import { catalogue } from '../../stages/catalogue.ts';
import { assetPath } from '../../util/package-root.ts';
import { nameAdvice } from '../../util/text.ts';
import { writeWhole } from '../../util/write-whole.ts';
import { askOnTerminal, splitNames, takePreset, type Ask } from '../init/answers.ts';
import { sourceIn, studyText, suggestionFor, type Study } from '../init/study.ts';
import { positiveInteger } from '../options.ts';
import { print } from '../terminal.ts';

/** What may be said on the command line; the rest is asked, or has its preset. */
interface Flags {
  readonly data?: string;
  readonly teacher?: string;
  readonly student?: readonly string[];
  readonly method?: readonly string[];
  readonly ratio?: readonly number[];
  readonly seeds?: number;
  readonly epochs?: number;
  readonly imageSize?: number;
  readonly yes?: boolean;
  readonly force?: boolean;
}

const ratio = (text: string, before: readonly number[] = []): readonly number[] => {
  const values = splitNames(text).map(Number);
  if (values.length > 0 && values.every((value) => value > 0 && value < Infinity)) return [...before, ...values];
  throw new InvalidArgumentError('numbers above 0');
};

/**
 * `kdpipe init`: a new study from flags or questions, which runs as it is written.
 *
 * @returns the commander command
 */
export function command(): Command {
  const names = (text: string, before: readonly string[] = []): readonly string[] => [...before, ...splitNames(text)];
  return new Command('init')
    .argument('[pipeline]', 'the file to write', 'pipelines/study.yaml')
    .option('--data <folder>', 'images: one folder per class, IDX files, CUB-200-2011 or CIFAR; by default digits')
    .option('--teacher <model>', 'a model (kdpipe list models)')
    .option('--student <models>', 'one or several, separated by commas', names)
    .option('--method <methods>', 'one or several (kdpipe list methods)', names)
    .option('--ratio <numbers>', 'values of kd_ratio to try; by default the usual weights', ratio)
    .option('--seeds <number>', 'runs of each student', positiveInteger)
    .option('--epochs <number>', 'of every training', positiveInteger)
    .option('--image-size <pixels>', 'side of a network’s input', positiveInteger)
    .option('-y, --yes', 'ask nothing: take what is suggested')
    .option('--force', 'overwrite the file')
    .action(async (file: string, flags: Flags) => {
      if (existsSync(file) && !flags.force)
        fail({ code: 'file-exists', message: `${file} already exists`, fix: 'name another file, or add --force' });
      const interactive = process.stdin.isTTY && process.stdout.isTTY && !flags.yes;
      const { ask, close } = interactive
        ? askOnTerminal(process.stdin, process.stdout)
        : { ask: takePreset, close: () => undefined };
      try {
        await write(file, await studyOf(file, flags, ask));
      } finally {
        close();
      }
    });
}

/** The registered source that a folder holds; digits where none is named. */
function sourceOf(folder: string | null): string {
  if (folder === null) return 'mnist-digits';
  let entries;
  try {
    entries = readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    return fail({
      code: 'no-data',
      message: `${folder} cannot be read: ${(error as Error).message}`,
      expected: 'a folder with images',
      fix: 'correct --data',
    });
  }
  const files = entries.filter((entry) => !entry.isDirectory()).map(({ name }) => name);
  const folders = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  return (
    sourceIn(files, folders, catalogue()['datasets'] ?? {}) ??
    fail({
      code: 'no-data',
      message: `${folder} holds no known dataset`,
      expected: 'a folder of images for each class, IDX files, or the archive or folder of CUB-200-2011 or CIFAR',
      fix: 'point --data at the folder that holds the classes',
    })
  );
}

/** A registered name, or what it may have meant. */
function requireRegistered(registry: string, name: string): string {
  const known = Object.keys(catalogue()[registry] ?? {});
  if (known.includes(name)) return name;
  const fix = nameAdvice(name, known);
  return fail({
    code: 'unknown-name',
    message: `${JSON.stringify(name)} is not one of the ${registry}`,
    expected: `a name of kdpipe list ${registry}`,
    ...(fix === undefined ? {} : { fix }),
  });
}

const digits = 'digits of MNIST';

/** The folder of the images and its registered source. */
function dataIn(answer: string): { readonly root: string | null; readonly source: string } {
  const root = answer === digits ? null : answer;
  return { root, source: sourceOf(root) };
}

const model = (name: string): string => requireRegistered('models', name);
const models = (names: readonly string[]): readonly string[] => names.map(model);
const methods = (names: readonly string[]): readonly string[] =>
  names.map((name) => requireRegistered('methods', name));

/** Everything that the study must know, each from its flag or from an answer. */
async function studyOf(file: string, flags: Flags, ask: Ask): Promise<Study> {
  const { imageSize = null } = flags;
  const folder = { flag: 'data', text: 'Folder with the images?', preset: digits, parse: dataIn };
  const { root, source } = flags.data === undefined ? await ask(folder) : dataIn(flags.data);
  const suggested = suggestionFor(source, imageSize);
  const askModel = { flag: 'teacher', text: 'Teacher?', preset: suggested.teacher, parse: model };
  const teacher = flags.teacher === undefined ? await ask(askModel) : model(flags.teacher);
  const askNames = (flag: string, text: string, preset: string, check: typeof models) =>
    ask({ flag, text, preset, parse: (answer) => check(splitNames(answer)) });
  const students = flags.student
    ? models(flags.student)
    : await askNames('student', 'Students?', suggested.student, models);
  const kdMethods = flags.method
    ? methods(flags.method)
    : await askNames('method', 'Methods?', 'SoftTarget, AT', methods);
  const askNumber = (flag: string, text: string, preset: string) => ask({ flag, text, preset, parse: positiveInteger });
  const published = [teacher, ...students].every(
    (name) => typeof catalogue()['models']?.[name]?.['pretrained'] === 'string',
  );
  return {
    name: studyName(file),
    source,
    root,
    teacher,
    students,
    methods: kdMethods,
    ratios: flags.ratio ?? [],
    seeds: flags.seeds ?? (await askNumber('seeds', 'Seeds?', '3')),
    epochs: flags.epochs ?? (await askNumber('epochs', 'Epochs?', '30')),
    imageSize,
    pretrained: suggested.pretrained && published,
  };
}

/** A name that a pipeline may have, from the name of its file. */
const studyName = (file: string): string =>
  (/([^/\\]+?)(?:\.ya?ml)?$/.exec(file)?.[1] ?? 'study').replace(/^[^A-Za-z0-9]+/, '').replaceAll(/[^\w.-]/g, '-');

/** A path as YAML files and Markdown have it. */
const slashed = (path: string): string => path.split(sep).join('/');

/** Plans the study, so that nothing is written which would not run, and writes it with a place for its table. */
async function write(file: string, study: Study): Promise<void> {
  const into = slashed(file.replace(/(?:\.ya?ml)?$/, '.md'));
  const schema = slashed(relative(dirname(resolve(file)), assetPath('schemas/pipeline.schema.json')));
  const text = studyText(study, into, schema);
  const { cells } = (await plan({ file, text })).plan;
  const page = existsSync(into) ? readFileSync(into, 'utf8') : `# ${study.name}\n`;
  writeWhole(file, text);
  if (!page.includes('<!-- kdpipe:results -->'))
    writeWhole(into, `${page}\n<!-- kdpipe:results -->\n<!-- /kdpipe:results -->\n`);
  print(`${file}: ${cells.length} cells; its table will stand in ${into}`);
  print(`  kdpipe run -n ${file}    what would run`);
  print(`  kdpipe run ${file}       runs it`);
}
