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
    readonly published?: { readonly weight: number };
  };
  return published?.weight ?? 1;
}

/** A text of YAML: plain where it reads as itself. */
const scalar = (text: string): string => (/^[A-Za-z][\w./-]*$/.test(text) ? text : JSON.stringify(text));
const list = (items: readonly (string | number)[]): string =>
  `[${items.map((item) => (typeof item === 'string' ? scalar(item) : String(item))).join(', ')}]`;

/** How methods are tried: with their usual weights, or each with every ratio. */
function axes({ methods, ratios }: Study): readonly string[] {
  if (ratios.length > 0) return [`      kd_method: ${list(methods)}`, `      kd_ratio: ${list(ratios)}`];
  return [
    '      zip: # weights that others have used: a place to start from',
    `        kd_method: ${list(methods)}`,
    `        kd_weight: ${list(methods.map(usualWeight))}`,
  ];
}

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
    "    matrix: { of: ['${stages.teacher}', '${stages.alone}', '${stages.student}'] }",
    "    with: { data: '${stages.images}', splits: [val, test] }",
    '',
    'tables:',
    '  results:',
    '    from: score',
    `    rows: [model, kd_method, ${term}] # every other axis (seed) is aggregated`,
    '    columns: [val.accuracy, test.accuracy, test.nll]',
    `    compare: { baseline: { model: ${students[0] ?? ''}, kd_method: none }, on: test.accuracy }`,
    `    into: ${scalar(into)}`,
    '',
  ].join('\n');
}

/** Networks that suit a source. */
export interface Suggestion {
  readonly teacher: string;
  readonly student: string;
  readonly pretrained: boolean;
}

/**
 * Suggests networks for a source: those of small images up to 64 pixels, else pretrained ones.
 *
 * @param source - registered source
 * @param imageSize - side in pixels; null for the source's own
 * @returns networks that fit
 */
export function suggestionFor(source: string, imageSize: number | null): Suggestion {
  const own = source === 'image-folder' || source === 'cub-200-2011' ? 224 : 32;
  const small = (imageSize ?? own) <= 64;
  return small
    ? { teacher: 'resnet20', student: 'resnet8', pretrained: false }
    : { teacher: 'resnet50', student: 'mobilenetv2', pretrained: true };
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
