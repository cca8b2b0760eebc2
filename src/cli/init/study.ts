import { catalogue, type Catalogue } from '../../stages/catalogue.ts';

/** What a new study is about. */
export interface Study {
  readonly name: string;
  /** Registered source, and its folder; null for one that comes with a package. */
  readonly source: string;
  readonly root: string | null;
  readonly teacher: string;
  readonly students: readonly string[];
  readonly methods: readonly string[];
  /** Values of `kd_ratio` that every method is tried with; none gives each method its usual weight. */
  readonly ratios: readonly number[];
  readonly seeds: number;
  readonly epochs: number;
  /** Side of a network's input; null leaves it to the source. */
  readonly imageSize: number | null;
  /** Whether networks start from published weights. */
  readonly pretrained: boolean;
}

/**
 * The weight of a method's term that others have used.
 *
 * @param method - its name
 * @returns what `kd_weight` may start from; 1 where nothing is published for our definition
 */
export function usualWeight(method: string): number {
  const { published } = (catalogue()['methods']?.[method] ?? {}) as {
    readonly published?: { readonly relative?: number };
  };
  return published?.relative ?? 1;
}

/** Words that are no texts in YAML 1.2, or in the 1.1 that other tools read. */
const WORDS = /^(?:true|false|null|yes|no|on|off|y|n)$/i;

/** A text of a pipeline: plain where it reads as itself, and never an expression. */
const scalar = (text: string): string =>
  /^[A-Za-z][\w./-]*$/.test(text) && !WORDS.test(text) ? text : JSON.stringify(text.replaceAll('${', () => '$${'));
const list = (items: readonly (string | number)[]): string =>
  `[${items.map((item) => (typeof item === 'string' ? scalar(item) : String(item))).join(', ')}]`;

/** Whether `kd_ratio` r of a method is its weight as it is; of others it is r/(1 − r). */
const isPlain = (method: string): boolean => catalogue()['methods']?.[method]?.['weighting'] === 'plain';

/**
 * The values of `kd_ratio` that a method is tried with: of those asked for, the ones that mean something to it. Of AT a
 * ratio is the weight itself, of which 0.5 does next to nothing where 1000 is usual.
 *
 * @param method - its name
 * @param ratios - what was asked for
 * @returns these; where none means anything to it, its usual weight
 */
export function ratiosFor(method: string, ratios: readonly number[]): readonly number[] {
  if (!isPlain(method)) return ratios;
  const meant = ratios.filter((ratio) => ratio > 1);
  return meant.length > 0 ? meant : [usualWeight(method)];
}

/**
 * Counts the ways of distilling that a study tries.
 *
 * @param study - the study
 * @returns number of cells a student and seed
 */
export function countWays(study: Pick<Study, 'methods' | 'ratios'>): number {
  const { methods, ratios } = study;
  return ratios.length > 0 ? methods.flatMap((method) => ratiosFor(method, ratios)).length : methods.length;
}

/** How methods are tried: with their usual weights, or each with the ratios that mean something to it. */
function axes({ methods, ratios }: Study): readonly string[] {
  if (ratios.length > 0 && !methods.some(isPlain))
    return [`      kd_method: ${list(methods)}`, `      kd_ratio: ${list(ratios)}`];
  if (ratios.length > 0) {
    const pairs = methods.flatMap((method) => ratiosFor(method, ratios).map((ratio) => ({ method, ratio })));
    return [
      `      zip: # of ${methods.filter(isPlain).join(' and ')} kd_ratio is the weight itself`,
      `        kd_method: ${list(pairs.map(({ method }) => method))}`,
      `        kd_ratio: ${list(pairs.map(({ ratio }) => ratio))}`,
    ];
  }
  return [
    '      zip: # weights that others have used: a place to start from',
    `        kd_method: ${list(methods)}`,
    `        kd_weight: ${list(methods.map(usualWeight))}`,
  ];
}

/** What stands in the table. A teacher that is a student too stands there once, as the latter. */
const scored = ({ teacher, students }: Study): string =>
  [...(students.includes(teacher) ? [] : ['teacher']), 'alone', 'student']
    .map((stage) => `'\${stages.${stage}}'`)
    .join(', ');

/** The row that each row is compared with: the student alone; of several students, each its own. */
const baseline = ({ students }: Study): string =>
  students.length === 1 ? `{ model: ${students.join('')}, kd_method: none }` : '{ kd_method: none }';

function dataset({ source, root, imageSize }: Study): string {
  const place = root === null ? [] : [`root: ${scalar(root)}`];
  const size = imageSize === null ? [] : [`image_size: ${imageSize}`];
  return `    with: { ${[`source: ${source}`, ...place, ...size].join(', ')} }`;
}

/**
 * Writes a study as a pipeline: a teacher, its students alone and by each method, a table that compares them.
 *
 * @param study - what it is about; names must be registered ones
 * @param into - file of its table, relative to the working folder
 * @param schema - where editors find the schema, relative to the pipeline file
 * @returns the text of the pipeline file
 */
export function studyText(study: Study, into: string, schema: string): string {
  const { name, teacher, students, seeds, epochs, pretrained, ratios } = study;
  const start = pretrained ? ', pretrained: true' : '';
  const term = ratios.length > 0 ? 'kd_ratio' : 'kd_weight';
  return [
    `# yaml-language-server: $schema=${schema}`,
    `name: ${scalar(name)}`,
    `description: What ${students.join(' and ')} learn${students.length > 1 ? '' : 's'} from ${teacher}.`,
    '',
    `params: # the knobs: kdpipe run … -S epochs=${epochs * 2}`,
    `  epochs: ${epochs}`,
    '  lr: 0.001',
    `  seeds: ${seeds}`,
    '',
    'defaults: # merged under `with` of every stage of that kind; kdpipe show train-teacher lists what there is',
    '  train-teacher: &recipe',
    "    data: '${stages.images}'",
    "    epochs: '${params.epochs}'",
    "    lr: '${params.lr}'",
    '  distill-student: *recipe',
    '',
    'stages:',
    '  images:',
    '    uses: dataset',
    dataset(study),
    '',
    '  teacher:',
    '    uses: train-teacher',
    `    with: { model: ${teacher}${start} }`,
    '',
    '  alone: # students without a teacher: what the others are compared with',
    '    uses: train-teacher',
    `    matrix: { model: ${list(students)} }`,
    "    seeds: '${params.seeds}'",
    ...(pretrained ? ['    with: { pretrained: true }'] : []),
    '',
    '  student:',
    '    uses: distill-student',
    '    matrix:',
    "      teacher: ['${stages.teacher}']",
    `      model: ${list(students)}`,
    ...axes(study),
    "    seeds: '${params.seeds}'",
    ...(pretrained ? ['    with: { pretrained: true }'] : []),
    '',
    '  score:',
    '    uses: evaluate',
    `    matrix: { of: [${scored(study)}] }`,
    "    with: { data: '${stages.images}', splits: [val, test] }",
    '',
    'tables:',
    '  results:',
    '    from: score',
    `    rows: [model, kd_method, ${term}] # what makes a row: its runs differ in their seeds alone`,
    '    columns: [val.accuracy, test.accuracy, test.nll]',
    `    compare: { baseline: ${baseline(study)}, on: test.accuracy }`,
    `    into: ${scalar(into)}`,
    '',
  ].join('\n');
}

/**
 * Recognises what a folder holds.
 *
 * @param files - names in it
 * @param folders - names of its folders
 * @param datasets - facts of the registered sources
 * @returns a registered source; undefined where it holds none
 */
export function sourceIn(
  files: readonly string[],
  folders: readonly string[],
  datasets: Catalogue[string],
): string | undefined {
  if (files.some((name) => /^train-images-idx3-ubyte(?:\.gz)?$/.test(name))) return 'idx';
  for (const [source, facts] of Object.entries(datasets)) {
    const { name, folder, marker } = (facts['archive'] ?? {}) as Readonly<Record<string, string>>;
    if ([name, marker].some((file) => file !== undefined && files.includes(file))) return source;
    if (folder !== undefined && folders.includes(folder)) return source;
  }
  return folders.length >= 2 ? 'image-folder' : undefined;
}
