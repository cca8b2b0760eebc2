import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';

/**
 * Finds a package that is no dependency: in the folder that a variable names, beside the user's own project, or beside kdpipe.
 *
 * @param name - of the package
 * @param variable - name of an environment variable
 * @returns what loads it and its files; undefined where it is not installed
 */
export function findPackage(name: string, variable: string): ReturnType<typeof createRequire> | undefined {
  const asked = process.env[variable];
  const folders = [...(asked === undefined ? [] : [resolve(asked)]), process.cwd()];
  return [...folders.map((folder) => join(folder, 'package.json')), import.meta.url]
    .map((origin) => createRequire(origin))
    .find((require) => {
      try {
        return require.resolve(name) !== '';
      } catch {
        return false;
      }
    });
}
