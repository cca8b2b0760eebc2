import { none, type RowLabel } from '../../cells/labels.ts';

/** How the original study writes its switches. */
const switches: ReadonlyMap<string, string> = new Map([
  ['ema', 'EMA'],
  ['rdrop', 'RDrop'],
  ['amp', 'AMP'],
]);

/** The names that stand in the phrase itself. */
const spoken = new Set(['model', 'teacher', 'teacher.model', 'kd_method']);

/**
 * Writes a row in the original study's form: `teacher->resnet50 student->mobilenetv2 MGD+EMA`, or only the model where
 * nothing was distilled. Other names follow as `name=value`.
 *
 * @param labels - the row's labels
 * @returns the phrase; never empty for a row that has labels
 */
export function experimentText(labels: readonly RowLabel[]): string {
  const text = (name: string): string | undefined => {
    const label = labels.find((known) => known.name === name);
    return label === undefined || label.text === none ? undefined : label.text;
  };
  const teacher = text('teacher.model') ?? text('teacher');
  const model = text('model') ?? text('student');
  const others = labels.filter(({ name, text: label }) => !spoken.has(name) && label !== none);
  const isSwitch = ({ value }: RowLabel): boolean => typeof value === 'boolean';
  const on = others.filter((label) => label.value === true).map(({ name }) => switches.get(name) ?? name);
  const method = [text('kd_method'), ...on].filter((word) => word !== undefined).join('+');
  const words = [
    teacher === undefined ? undefined : `teacher->${teacher}`,
    model === undefined || teacher === undefined ? model : `student->${model}`,
    method === '' ? undefined : method,
    ...others.filter((label) => !isSwitch(label)).map(({ name, text: label }) => `${name}=${label}`),
  ];
  const phrase = words.filter((word) => word !== undefined).join(' ');
  return phrase === '' ? labels.map((label) => `${label.name}=${label.text}`).join(' ') || 'all' : phrase;
}
