import { readFileSync } from 'node:fs';

/**
 * A plugin that README.md shows.
 *
 * @param name - of its file
 * @returns its text; an empty one where there is none
 */
export const readmePlugin = (name: string): string =>
  readFileSync('README.md', 'utf8').split(`\`\`\`ts\n// pipelines/${name}\n`)[1]?.split('```')[0] ?? '';
