import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, parse, relative, resolve, sep } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { fail } from '../../core/failure.ts';
import type { Survey } from '../../ml/bench/survey.ts';
import { plan } from '../../project/plan.ts';
import { isPluginFile } from '../../project/plugins.ts';
import { catalogue } from '../../stages/catalogue.ts';
import { assetPath } from '../../util/package-root.ts';
import { nameAdvice } from '../../util/text.ts';
import { writeWhole } from '../../util/write-whole.ts';
import { askOnTerminal, splitNames, takePreset, type Ask } from '../init/answers.ts';
import { ignoreRuns } from '../init/ignore-runs.ts';
import { epochsFor, ownSide, proposalFor, studySeconds, surveyText } from '../init/proposal.ts';
import { measureSpeeds } from '../init/speeds.ts';
import { countWays, ratiosFor, sourceIn, studyText, type Study } from '../init/study.ts';
import { pluginTemplate } from '../init/plugin-template.ts';
import { requireNew } from '../new-file.ts';
import { examples, positiveInteger } from '../options.ts';
import { roughly } from '../../ui/eta.ts';
import { print } from '../terminal.ts';
import { fileArgument, typedPath } from '../workspace.ts';

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
    .addArgument(
      fileArgument(
        '[pipeline]',
        'the file to write; one that ends in .ts or .js is a plugin, a method of your own',
      ).default('pipelines/study.yaml'),
    )
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
    .addHelpText(
      'after',
      examples(
        'kdpipe init pipelines/mine.yaml --data pictures',
        'kdpipe init pipelines/mine.yaml --teacher resnet20 --student convnet16 --method SoftTarget,AT --seeds 2',
        'kdpipe init pipelines/my-method.ts',
      ),
    )
    .action(async (file: string, flags: Flags) => {
      requireNew(file, flags.force);
      if (isPluginFile(file)) {
        writePlugin(file, flags);
        return;
      }
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

/** Writes a method to start from; of studies' flags it takes none. */
function writePlugin(file: string, { force: _, ...flags }: Flags): void {
  const [flag] = Object.keys(flags);
  if (flag !== undefined)
    fail({
      code: 'no-effect',
      message: `--${flag.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)} is of studies, and ${file} is a plugin`,
      expected: 'no flag but --force',
    });
  const { name, text } = pluginTemplate(parse(file).name);
  writeWhole(file, text);
  print(`${file}: the method ${name}`);
  print(`  kdpipe check ${file}    tries it, and compares its gradients with finite differences`);
  print(`  plugins: [./${basename(file)}] at the top of a pipeline beside it lets kd_method be ${name}`);
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
/** How many images sources have that are published. */
const published: Readonly<Record<string, number>> = {
  'mnist-digits': 10_000,
  'cifar-10': 60_000,
  'cifar-100': 60_000,
  'cub-200-2011': 11_788,
};

/** The folder of the images and its registered source. */
function dataIn(answer: string): { readonly root: string | null; readonly source: string } {
  const root = answer === digits ? null : typedPath(answer);
  return { root, source: sourceOf(root) };
}

const model = (name: string): string => requireRegistered('models', name);
const models = (names: readonly string[]): readonly string[] => names.map(model);
const methods = (names: readonly string[]): readonly string[] =>
  names.map((name) => requireRegistered('methods', name));
const namesOf = (registry: string): readonly string[] => Object.keys(catalogue()[registry] ?? {});

/** Looks at the images of a folder of one's own. Loaded only here: it decodes some of them. */
async function survey(source: string, root: string | null): Promise<Survey | undefined> {
  if (source !== 'image-folder' || root === null) return undefined;
  const { surveyImages } = await import('../../ml/bench/survey.ts');
  return surveyImages(resolve(root));
}

/** A study, what was seen of its images, and how long it takes here, as far as that is known. */
interface Proposed {
  readonly study: Study;
  readonly seen?: Survey | undefined;
  readonly seconds?: number | undefined;
}

/** Everything that the study must know, each from its flag, from an answer, or from a look at images and machine. */
async function studyOf(file: string, flags: Flags, ask: Ask): Promise<Proposed> {
  const folder = { flag: 'data', text: 'Folder with the images?', preset: digits, parse: dataIn };
  const { root, source } = flags.data === undefined ? await ask(folder) : dataIn(flags.data);
  const seen = await survey(source, root);
  const proposed = proposalFor(source, flags.imageSize ?? null, seen);
  const askNames = (flag: string, text: string, preset: string, registry: string) =>
    ask({
      flag,
      text,
      preset,
      choices: namesOf(registry),
      parse: (answer) => splitNames(answer).map((name) => requireRegistered(registry, name)),
    });
  const askTeacher = {
    flag: 'teacher',
    text: 'Teacher?',
    preset: proposed.teacher,
    choices: namesOf('models'),
    parse: model,
  };
  const teacher = flags.teacher === undefined ? await ask(askTeacher) : model(flags.teacher);
  const students = flags.student
    ? models(flags.student)
    : await askNames('student', 'Students?', proposed.student, 'models');
  const kdMethods = flags.method
    ? methods(flags.method)
    : await askNames('method', 'Methods?', 'SoftTarget, AT', 'methods');
  const askNumber = (flag: string, text: string, preset: string) => ask({ flag, text, preset, parse: positiveInteger });
  const weights = [teacher, ...students].every(
    (name) => typeof catalogue()['models']?.[name]?.['pretrained'] === 'string',
  );
  const study: Study = {
    ...{ name: studyName(file), source, root, teacher, students, methods: kdMethods },
    ratios: flags.ratio ?? [],
    seeds: flags.seeds ?? (await askNumber('seeds', 'Seeds?', '3')),
    epochs: 1,
    imageSize: proposed.imageSize,
    pretrained: proposed.pretrained && weights,
  };
  const images = seen?.images ?? published[source];
  const speeds =
    images === undefined
      ? new Map()
      : await measureSpeeds([teacher, ...students], proposed.imageSize ?? ownSide(source));
  const secondsOf = (epochs: number): number | undefined =>
    images === undefined ? undefined : studySeconds({ ...study, epochs }, countWays(study), images, speeds);
  const epochs = flags.epochs ?? (await askNumber('epochs', 'Epochs?', String(epochsFor(secondsOf))));
  return { study: { ...study, epochs }, seen, seconds: secondsOf(epochs) };
}

/** A name that a pipeline may have, from the name of its file. */
const studyName = (file: string): string =>
  (/([^/\\]+?)(?:\.ya?ml)?$/.exec(file)?.[1] ?? '').replace(/^[^A-Za-z0-9]+/, '').replaceAll(/[^\w.-]/g, '-') ||
  'study';

/** A path as YAML files and Markdown have it. */
const slashed = (path: string): string => path.split(sep).join('/');

/** Plans the study, so that nothing is written which would not run, and writes it with a place for its table. */
async function write(file: string, { study, seen, seconds }: Proposed): Promise<void> {
  const into = slashed(file.replace(/(?:\.ya?ml)?$/, '.md'));
  const schema = slashed(relative(dirname(resolve(file)), assetPath('schemas/pipeline.schema.json')));
  const text = studyText(study, into, schema);
  const { cells } = (await plan({ file, text })).plan;
  const page = existsSync(into) ? readFileSync(into, 'utf8') : `# ${study.name}\n`;
  writeWhole(file, text);
  if (!page.includes('<!-- kdpipe:results -->'))
    writeWhole(into, `${page}\n<!-- kdpipe:results -->\n<!-- /kdpipe:results -->\n`);
  if (seen) print(`${surveyText(seen)}: image_size ${study.imageSize ?? 'as it is'}`);
  for (const method of study.ratios.length === 0
    ? []
    : study.methods.filter((name) => ratiosFor(name, study.ratios) !== study.ratios))
    print(
      `${method} is tried with kd_ratio ${ratiosFor(method, study.ratios).join(', ')}: of ${method} it is the weight itself`,
    );
  const time = seconds === undefined ? '' : `; about ${roughly(seconds)} here`;
  print(`${file}: ${cells.length} cells; its table will stand in ${into}${time}`);
  if (await ignoreRuns()) print('.gitignore: runs/ added');
  print(`  kdpipe run -n ${file}    what would run`);
  print(`  kdpipe run ${file}       runs it`);
}
