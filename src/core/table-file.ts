/** How files of one language mark the region of a table. */
export interface Marking {
  /** The line before a table. */
  readonly open: (name: string) => string;
  /** The line after it. */
  readonly close: (name: string) => string;
  /** What a marker's line looks like, with the groups `close` and `name`. */
  readonly lines: readonly RegExp[];
  /** True where fenced code blocks hide markers. */
  readonly fences: boolean;
  /** What stands between a marker and its table: in Markdown a blank line keeps them apart. */
  readonly apart: boolean;
}

/** What a table's file is. */
export interface TableFile {
  /** The built-in template that writes its language. */
  readonly template: 'markdown' | 'html' | 'latex' | 'csv' | 'json';
  /** How regions are marked; undefined where the language has no comments: the table is the whole file then. */
  readonly marking: Marking | undefined;
}

/**
 * A comment of HTML alone on its line (a `%` may stand before it), indented by at most three blanks: deeper ones are code
 * to Markdown.
 */
const htmlLine = /^ {0,3}(?:%+ *)?<!-- (?<close>\/?)kdpipe:(?<name>\S+) -->[ \t]*$/;

/** A comment of LaTeX alone on its line. */
const latexLine = /^[ \t]*%+[ \t]*(?<close>\/?)kdpipe:(?<name>\S+)[ \t]*$/;

const html: Marking = {
  open: (name) => `<!-- kdpipe:${name} -->`,
  close: (name) => `<!-- /kdpipe:${name} -->`,
  lines: [htmlLine],
  fences: true,
  apart: true,
};

const latex: Marking = {
  open: (name) => `% kdpipe:${name}`,
  close: (name) => `% /kdpipe:${name}`,
  lines: [latexLine, htmlLine],
  fences: false,
  apart: false,
};

/** Markdown, and whatever else has no line of its own below. */
export const page = { template: 'markdown', marking: html } as const satisfies TableFile;

/** Kinds of files by ending. */
const kinds: Readonly<Record<string, TableFile>> = {
  html: { template: 'html', marking: html },
  htm: { template: 'html', marking: html },
  tex: { template: 'latex', marking: latex },
  ltx: { template: 'latex', marking: latex },
  csv: { template: 'csv', marking: undefined },
  json: { template: 'json', marking: undefined },
};

/**
 * Says what kind of file a table goes into, and how tables are marked in it.
 *
 * @param file - its name; the ending counts
 * @returns the kind
 */
export function tableFile(file: string): TableFile {
  const ending = /\.(\w+)$/.exec(file)?.[1]?.toLowerCase() ?? '';
  return (Object.hasOwn(kinds, ending) ? kinds[ending] : undefined) ?? page;
}
