import { availableParallelism } from 'node:os';
import { Command, Option } from 'commander';
import { fail } from '../../core/failure.ts';
import type { Measurement, MeasureOptions } from '../../ml/bench/measure.ts';
import { catalogue } from '../../stages/catalogue.ts';
import { nameAdvice } from '../../util/text.ts';
import { examples, jsonOption, positiveInteger } from '../options.ts';
import { columns, print, printError, printJson } from '../terminal.ts';

type ModelName = Measurement['model'];
type EngineChoice = MeasureOptions['engine'];

interface BenchFlags {
  readonly engine: EngineChoice;
  readonly threads: number;
  readonly batchSize: number;
  readonly imageSize?: number;
  readonly json?: boolean;
}

/** Measured unless others are named: each within seconds, on any machine. */
const usual: readonly ModelName[] = ['convnet16', 'resnet8', 'resnet20', 'vgg8_bn'];
/** Seconds that each of the two speeds of a model is measured. */
const seconds = 1;

/**
 * `kdpipe bench`: images a second of this machine, per engine and model.
 *
 * @returns the commander command
 */
export function command(): Command {
  return new Command('bench')
    .argument('[models...]', 'models (kdpipe list models)', usual)
    .addOption(new Option('--engine <name>', 'what computes').choices(['auto', ...namesOf('engines')]).default('auto'))
    .option('--threads <n>', 'threads', positiveInteger, availableParallelism())
    .option('--batch-size <n>', 'images of a step', positiveInteger, 64)
    .addOption(
      new Option('--image-size <pixels>', "side of an image; by default the model's own").argParser(positiveInteger),
    )
    .addOption(jsonOption())
    .addHelpText('after', examples('kdpipe bench', 'kdpipe bench resnet20 --image-size 64 --batch-size 32'))
    .action(async (models: readonly string[], flags: BenchFlags) => {
      models.forEach(requireModel);
      await bench(models as readonly ModelName[], flags);
    });
}

const namesOf = (registry: 'engines' | 'models'): readonly string[] => Object.keys(catalogue()[registry] ?? {});

function requireModel(name: string): void {
  const known = namesOf('models');
  if (known.includes(name)) return;
  const fix = nameAdvice(name, known);
  fail({ code: 'unknown-model', message: `there is no model "${name}"`, ...(fix === undefined ? {} : { fix }) });
}

async function bench(models: readonly ModelName[], flags: BenchFlags): Promise<void> {
  // What trains is loaded only by this command, and when all its arguments are right.
  const { measure } = await import('../../ml/bench/measure.ts');
  const { engine, threads, batchSize: batch, imageSize: side } = flags;
  const measured: Measurement[] = [];
  for (const model of models) {
    const options: MeasureOptions = { model, engine, threads, batch, side, seconds };
    measured.push(await measure(options));
    if (!flags.json) printError(`${model} measured`);
  }
  if (flags.json) printJson(measured);
  else print(benchText(measured));
}

function benchText(measured: readonly Measurement[]): string {
  const header = [
    'model',
    'image',
    'batch',
    'engine',
    'threads',
    'kernels',
    'training (img/s)',
    'bringing images',
    'frozen (img/s)',
  ];
  const rows = measured.map(({ model, side, batch, engine, threads, description, training, bringing, frozen }) => [
    model,
    `${side}²`,
    String(batch),
    engine,
    String(threads),
    String(description['kernels'] ?? '–'),
    training.toFixed(1),
    `${(100 * bringing).toFixed(1)} %`,
    frozen.toFixed(1),
  ]);
  return columns([header, ...rows]);
}
