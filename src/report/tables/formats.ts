import { htmlText } from '../../util/html-text.ts';

/** How a kind of text file writes plain texts, marks and links. Arguments of `bold` and `link` are already escaped. */
export interface Format {
  /** Makes a plain text stand for itself. */
  readonly escape: (text: string) => string;
  readonly bold: (text: string) => string;
  readonly link: (text: string, target: string) => string;
}

/** Signs of LaTeX and what stands for them; signs that its default fonts lack are written as mathematics. */
const latexSigns: Readonly<Record<string, string>> = {
  '\\': String.raw`\textbackslash{}`,
  '{': String.raw`\{`,
  '}': String.raw`\}`,
  '&': String.raw`\&`,
  '%': String.raw`\%`,
  $: String.raw`\$`,
  '#': String.raw`\#`,
  _: String.raw`\_`,
  '~': String.raw`\textasciitilde{}`,
  '^': String.raw`\textasciicircum{}`,
  '<': String.raw`\textless{}`,
  '>': String.raw`\textgreater{}`,
  '|': String.raw`\textbar{}`,
  // After the \\ of the row before, a star would be its star form, and a bracket would open an argument.
  '*': '{*}',
  '[': '{[}',
  ']': '{]}',
  '±': String.raw`$\pm$`,
  '−': '$-$',
  Δ: String.raw`$\Delta$`,
  '→': String.raw`$\rightarrow$`,
  '–': '--',
  '…': String.raw`\ldots{}`,
};

/** A line break would end a row. */
const oneLine = (text: string): string => text.replace(/\s+/g, (blanks) => (/[\r\n]/.test(blanks) ? ' ' : blanks));

/** Markdown: `<` cannot open a tag, nor close a table's region, and `|` cannot end a cell. */
function escapeMarkdown(text: string): string {
  return oneLine(text)
    .replace(/[\\`*|]|\](?=[([:])/g, String.raw`\$&`)
    .replace(/(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])/gu, String.raw`\_`)
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;');
}

/** What spreadsheets take for a formula, whatever quotes stand around it, and what of it is only a number. */
const COMPUTED = /^[\s\0]*[=+\-@＝＋－＠]/;
const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;

/** A field as RFC 4180 has it. */
const csvField = (text: string): string => (/[",\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

/** The kinds of text that templates make. */
export const formats = {
  markdown: {
    escape: escapeMarkdown,
    bold: (text) => `**${text}**`,
    link: (text, target) => `[${text}](${encodeURI(target).replaceAll('(', '%28').replaceAll(')', '%29')})`,
  },
  html: {
    escape: htmlText,
    bold: (text) => `<strong>${text}</strong>`,
    link: (text, target) => `<a href="${formats.html.escape(encodeURI(target))}">${text}</a>`,
  },
  latex: {
    escape: (text) => oneLine(text).replace(/[\\{}[\]*&%$#_~^<>|±−Δ→–…]/g, (sign) => latexSigns[sign] ?? sign),
    bold: (text) => String.raw`\textbf{${text}}`,
    link: (text) => text,
  },
  csv: {
    escape: (text) => csvField(COMPUTED.test(text) && !NUMBER.test(text) ? `'${text}` : text),
    bold: (text) => text,
    link: (text) => text,
  },
  // Inside of the quotes that a template writes.
  json: {
    escape: (text) => JSON.stringify(text).slice(1, -1),
    bold: (text) => text,
    link: (text) => text,
  },
} satisfies Record<string, Format> as Readonly<Record<'markdown' | 'html' | 'latex' | 'csv' | 'json', Format>>;

/** A format's name. */
export type FormatName = keyof typeof formats;
