import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { FailureError, type Failure } from '../../core/failure.ts';
import type { Limits } from '../../util/apart/call-apart.ts';
import { assetPath } from '../../util/package-root.ts';
import { nameAdvice } from '../../util/text.ts';
import { renderWithinLimits } from '../apart/render-within-limits.ts';
import { formats, type FormatName } from './formats.ts';
import { templateHelpers } from './helpers.ts';
import { templateValue } from './template-text.ts';
import type { TableView } from './view.ts';

/** A Handlebars template and what it makes. */
export interface Template {
  /** The file as failures show it. */
  readonly file: string;
  readonly text: string;
  readonly format: FormatName;
  /** True for those of kdpipe: others are not trusted. */
  readonly builtIn: boolean;
}

/** The built-in templates. A new one is one file in `templates/` and one line here. */
export const templates = {
  markdown: { format: 'markdown', summary: 'a GitHub table with footnotes' },
  'kd-results': { format: 'markdown', summary: 'the original study: model | val accuracy | val mpa | …' },
  latex: { format: 'latex', summary: 'a booktabs table' },
  csv: { format: 'csv', summary: 'one line per row, numbers with all digits, for programs' },
  html: { format: 'html', summary: 'a self-contained table' },
  json: { format: 'json', summary: 'all that is known of a table, for programs' },
} as const satisfies Record<string, { readonly format: FormatName; readonly summary: string }>;

/** Formats by the ending before `.hbs`; without one a template makes Markdown. */
const endings: Readonly<Record<string, FormatName>> = {
  md: 'markdown',
  html: 'html',
  tex: 'latex',
  csv: 'csv',
  json: 'json',
};

/** Tells the built-in names from paths. */
const isBuiltIn = (name: string): name is keyof typeof templates => Object.hasOwn(templates, name);

/**
 * Says where a template stands.
 *
 * @param name - a built-in template's name, or a path to a `.hbs` file
 * @param folder - the folder that a path is relative to
 * @returns absolute path of the file
 */
export function templatePath(name: string, folder: string): string {
  return isBuiltIn(name) ? assetPath(`src/report/templates/${name}.hbs`) : resolve(folder, name);
}

/**
 * Loads a template.
 *
 * @param name - a built-in template's name, or a path to a `.hbs` file
 * @param folder - the folder that a path is relative to
 * @returns the template; a path's format is that of the ending before `.hbs` (`.md`, `.html`, `.tex`, `.csv`, `.json`)
 * @throws FailureError when there is no such template
 */
export async function loadTemplate(name: string, folder: string): Promise<Template> {
  if (isBuiltIn(name)) {
    const file = `${name}.hbs`;
    const text = await readFile(templatePath(name, folder), 'utf8');
    return { file, text, format: templates[name].format, builtIn: true };
  }
  const expected = `one of ${Object.keys(templates).join(', ')}, or a path to a .hbs file`;
  if (!name.endsWith('.hbs')) {
    const fix = nameAdvice(name, Object.keys(templates));
    const message = `there is no template "${name}"`;
    throw new FailureError([{ code: 'unknown-template', message, expected, ...(fix ? { fix } : {}) }]);
  }
  try {
    const text = await readFile(templatePath(name, folder), 'utf8');
    const format = endings[/\.(\w+)\.hbs$/.exec(name)?.[1] ?? 'md'] ?? 'markdown';
    return { file: name, text, format, builtIn: false };
  } catch (error) {
    const message = `cannot read the template: ${(error as Error).message}`;
    throw new FailureError([{ code: 'unreadable-template', message, place: { file: name }, expected }]);
  }
}

/** Handlebars says the line in its message or in fields, and adds the text around it. */
function templateFailure(error: unknown, file: string): Failure {
  const { message, lineNumber, column } = error as Error & { readonly lineNumber?: number; readonly column?: number };
  const line = lineNumber ?? Number(/^Parse error on line (\d+)/.exec(message)?.[1] ?? NaN);
  // The first line says what, the last what was expected; between them stands an excerpt.
  const [first = '', ...more] = message.replace(/ - \d+:\d+$/, '').split('\n');
  return {
    code: 'bad-template',
    message: ['the template cannot be rendered:', first, ...more.slice(-1)].join(' '),
    place: {
      file,
      ...(Number.isFinite(line) ? { line } : {}),
      ...(column === undefined ? {} : { column: column + 1 }),
    },
    expected: 'Handlebars with the names of the table view (`kdpipe report --format json` shows them)',
  };
}

/** What `render-apart.ts` is given. */
export interface TemplateCall {
  readonly views: readonly TableView[];
  readonly template: Template;
}

const module = {
  source: new URL('render-apart.ts', import.meta.url),
  built: 'dist/report/tables/render-apart.js',
};

/**
 * Renders several views of a table by one template. A template of the user's has limits of time and memory.
 *
 * @param views - the views
 * @param template - a loaded template
 * @param limits - what it may use, where it is the user's
 * @returns the texts
 * @throws FailureError when the template is wrong, or takes too much
 */
export function renderViews(
  views: readonly TableView[],
  template: Template,
  limits?: Limits,
): Promise<readonly string[]> {
  const { file } = template;
  if (template.builtIn) return Promise.all(views.map((view) => renderTable(view, template)));
  const input: TemplateCall = { views, template };
  return renderWithinLimits({ module, input, file, limits });
}

/**
 * Renders a table. Templates are not trusted: unknown names and helpers are errors, prototypes are out of reach, there
 * are no partials that read files, and no helper that writes or runs anything.
 *
 * @param view - the table
 * @param template - a loaded template
 * @returns the text, with one line break at its end
 * @throws FailureError when the template is wrong, with its place
 */
export async function renderTable(view: TableView, template: Omit<Template, 'builtIn'>): Promise<string> {
  // Loaded only where there is something to render: it takes tens of milliseconds.
  const { handlebars } = await import('./handlebars.ts');
  const format = formats[template.format];
  const helpers = templateHelpers(format, (text) => new handlebars.SafeString(text));
  const known = Object.fromEntries(Object.keys(helpers).map((name) => [name, true]));
  const environment = handlebars.create();
  environment.registerHelper(helpers);
  const options = { strict: true, knownHelpersOnly: true, knownHelpers: { ...known, log: false } };
  // Said aloud, the default: denied without a word on the console.
  const access = { allowProtoPropertiesByDefault: false, allowProtoMethodsByDefault: false };
  try {
    const text = environment.compile<unknown>(template.text, options)(templateValue(view, format), access);
    return `${text.trimEnd()}\n`;
  } catch (error) {
    throw new FailureError([templateFailure(error, template.file)]);
  }
}
