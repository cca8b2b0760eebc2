import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

let found: string | undefined;

/**
 * Finds the folder of kdpipe's own package.json, from sources and from the bundle alike.
 *
 * @returns absolute path of the package's root
 */
export function packageRoot(): string {
  if (found) return found;
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder);
  found = folder;
  return folder;
}

/**
 * Path of a file that ships with kdpipe (kernels, templates, schemas).
 *
 * @param path - relative to the package's root, e.g. `src/report/templates/markdown.hbs`
 * @returns absolute path
 */
export function assetPath(path: string): string {
  return join(packageRoot(), path);
}

/**
 * The built command line: what other machines run.
 *
 * @returns absolute path
 */
export const kdpipeProgram = (): string => assetPath('dist/cli/main.js');

let version: string | undefined;

/**
 * kdpipe's version.
 *
 * @returns the `version` of package.json
 */
export function kdpipeVersion(): string {
  version ??= (JSON.parse(readFileSync(assetPath('package.json'), 'utf8')) as { version: string }).version;
  return version;
}
