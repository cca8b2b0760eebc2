import { readFileSync } from 'node:fs';
import { htmlText } from '../../util/html-text.ts';
import { assetPath } from '../../util/package-root.ts';

/** Scripts and styles of the page, as the build makes them. */
export const pageFiles = ['page.js', 'plots.js', 'page.css'] as const;

/** One of {@link pageFiles}. */
export type PageFile = (typeof pageFiles)[number];

/**
 * Reads a part of the page.
 *
 * @param name - which
 * @returns its text
 */
export function readPageFile(name: PageFile): string {
  return readFileSync(assetPath(`dist/dashboard/page/${name}`), 'utf8');
}

/** What stands in the page's head and at the end of its body: its own files, or links to them. */
export interface PageParts {
  readonly title: string;
  readonly head: string;
  readonly end: string;
}

/**
 * Writes the page's document, which is empty until its script runs.
 *
 * @param parts - what belongs into it
 * @returns HTML
 */
export function pageHtml(parts: PageParts): string {
  const { title, head, end } = parts;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${htmlText(title)}</title>
${head}
</head>
<body>
<noscript><p class="noscript">This page needs JavaScript, which is off in this browser. <code>kdpipe status</code>,
<code>kdpipe logs</code> and <code>kdpipe report</code> show the same on a terminal.</p></noscript>
<div id="app"></div>
${end}
</body>
</html>
`;
}
