/** Configurations of mdistiller (Zhao et al., CVPR 2022) as pipelines. */
import type { Failure } from '../../core/failure.ts';
import type { JsonObject } from '../../core/json.ts';
import { failed, success, type Result } from '../../core/result.ts';
import { readPipeline, type PipelineDocument } from '../read/read-pipeline.ts';
import type { Source } from '../read/readable.ts';
import { COMMON, METHODS, MISSING, NETWORKS, trainerOf, type MethodImport } from './mdistiller-settings.ts';
import { interpret, noCounterpart, takeApart, type Configuration, type Settings } from './settings.ts';

/** A configuration as a pipeline. */
export interface ImportedPipeline {
  /** The text of the pipeline file. */
  readonly text: string;
  /** What its numbers may differ by, all the same. */
  readonly remarks: readonly string[];
}

/** Who learns from whom by what. */
interface Experiment {
  readonly name: string;
  readonly student: string;
  /** Undefined for a student alone. */
  readonly teaching?: { readonly teacher: string; readonly by: MethodImport };
  readonly recipe: JsonObject;
}

const preset = { type: 'NONE', teacher: 'ResNet50', student: 'resnet32' } as const;

const textAt = ({ said }: Configuration, path: string, otherwise: string): string => {
  const value = said.get(path)?.value;
  return typeof value === 'string' && value !== '' ? value : otherwise;
};

/** A name that a pipeline can have. */
function nameOf(configuration: Configuration): string {
  const said = textAt(configuration, 'EXPERIMENT.NAME', textAt(configuration, 'EXPERIMENT.TAG', ''));
  const name = said.toLowerCase().replaceAll(/[^a-z0-9_]+/g, '-');
  return /[a-z0-9].*[a-z0-9]/.exec(name)?.[0] ?? 'imported';
}

/** A network of ours that is the same. */
function networkOf(configuration: Configuration, path: string, otherwise: string, failures: Failure[]): string {
  const name = textAt(configuration, path, otherwise);
  const ours = Object.hasOwn(NETWORKS, name) ? NETWORKS[name] : undefined;
  if (ours !== undefined) return ours;
  failures.push(noCounterpart(configuration, path, name, `one of ${Object.keys(NETWORKS).join(', ')}`));
  return '';
}

const within = (section: string, settings: Settings): Settings =>
  Object.fromEntries(Object.entries(settings).map(([path, setting]) => [`${section}.${path}`, setting]));

function experimentIn(document: PipelineDocument): Result<Experiment> {
  const configuration = takeApart(document);
  const failures: Failure[] = [];
  const type = textAt(configuration, 'DISTILLER.TYPE', preset.type);
  const by = Object.hasOwn(METHODS, type) ? METHODS[type] : undefined;
  if (!by && type !== 'NONE')
    failures.push(
      noCounterpart(configuration, 'DISTILLER.TYPE', type, `one of NONE, ${Object.keys(METHODS).join(', ')}`),
    );
  const student = networkOf(configuration, 'DISTILLER.STUDENT', preset.student, failures);
  const teacher = by && networkOf(configuration, 'DISTILLER.TEACHER', preset.teacher, failures);
  const others = [...Object.keys(METHODS), ...MISSING].filter((section) => !by || section !== type);
  const settings = { ...COMMON, 'SOLVER.TRAINER': trainerOf(type), ...(by && within(type, by.settings)) };
  const ignored = (path: string): boolean => ['DISTILLER', ...others].some((section) => path.startsWith(`${section}.`));
  const meant = interpret(configuration, settings, ignored);
  const all = [...failures, ...meant.failures];
  if (all.length > 0) return failed(all.sort((a, b) => (a.place?.line ?? 0) - (b.place?.line ?? 0)));
  return success({
    name: nameOf(configuration),
    student,
    ...(by && teacher !== undefined && { teaching: { teacher, by } }),
    recipe: meant.with,
  });
}

const entries = (parameters: JsonObject): readonly string[] =>
  Object.entries(parameters).map(([name, value]) => `      ${name}: ${JSON.stringify(value)}`);

function trainingStages({ student, teaching, recipe }: Experiment): readonly string[] {
  const { epochs: _, ...others } = recipe;
  const trained = ["      data: '${stages.images}'", `      model: ${student}`];
  const rest = ['      profile: mdistiller', "      epochs: '${params.epochs}'", ...entries(others)];
  const seeds = "    seeds: '${params.seeds}'";
  if (!teaching) return ['  student:', '    uses: train-teacher', seeds, '    with:', ...trained, ...rest];
  const { teacher, by } = teaching;
  return [
    '  teacher: # there its published weights are read; here it is trained, by the recipe that they were made with',
    '    uses: train-teacher',
    `    with: { data: '\${stages.images}', model: ${teacher}, profile: mdistiller, epochs: '\${params.epochs}' }`,
    '',
    '  student:',
    '    uses: distill-student',
    seeds,
    '    with:',
    ...trained,
    "      teacher: '${stages.teacher}'",
    `      kd_method: ${by.method}`,
    ...entries(by.options ?? {}),
    ...rest,
  ];
}

function pipelineText(experiment: Experiment, file: string, remarks: readonly string[]): string {
  const { name, teaching, recipe } = experiment;
  const stages = teaching ? ['teacher', 'student'] : ['student'];
  return [
    `# From ${file.replaceAll(/\s+/g, ' ')}, a configuration of mdistiller (Zhao et al., CVPR 2022).`,
    ...remarks.map((remark) => `# ${remark}`),
    `name: ${name}`,
    '',
    'params:',
    `  epochs: ${JSON.stringify(recipe['epochs'])}`,
    '  seeds: 1 # as there; more of them give mean ± sd',
    '',
    'stages:',
    '  images: # no validation split: all 50,000 are trained on, and the last epoch is what counts',
    '    uses: dataset',
    "    with: { source: cifar-100, root: '${env.KDPIPE_DATA:-data}', split: { val: 0, test: official } }",
    '',
    ...trainingStages(experiment),
    '',
    '  score:',
    '    uses: evaluate',
    `    matrix: { of: [${stages.map((stage) => `'\${stages.${stage}}'`).join(', ')}] }`,
    "    with: { data: '${stages.images}', splits: [test], tta: [none] }",
    '',
    'tables:',
    '  results:',
    '    from: score',
    `    rows: [model${teaching ? ', kd_method' : ''}]`,
    '    columns: [test.accuracy]',
    '',
  ].join('\n');
}

/**
 * Writes a configuration of mdistiller as a pipeline. What it does not say has mdistiller's own presets.
 *
 * @param source - the configuration and what it is called
 * @returns the pipeline; a failure for each line that has no counterpart
 */
export function importMdistiller(source: Source): Result<ImportedPipeline> {
  const document = readPipeline(source);
  if (!document.ok) return document;
  const experiment = experimentIn(document.value);
  if (!experiment.ok) return experiment;
  const { teaching } = experiment.value;
  const remarks = [
    'mdistiller quotes the best epoch by test accuracy; here the last epoch counts',
    ...(teaching?.by.differs === undefined ? [] : [`${teaching.by.method}: ${teaching.by.differs}`]),
  ];
  return success({ text: pipelineText(experiment.value, source.file, remarks), remarks });
}
