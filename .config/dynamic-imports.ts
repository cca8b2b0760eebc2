import type { Metafile } from 'esbuild';

/**
 * Finds dynamic imports of CommonJS modules. Node gives them their named exports, and so tests of the sources pass; esbuild
 * gives them `default` alone, and what is built calls undefined. A static import in a module of our own has them all, and
 * that module can be imported dynamically.
 *
 * @param metafile - of a build
 * @returns a line for each: who imports what
 */
export function commonJsOnDemand({ inputs }: Pick<Metafile, 'inputs'>): readonly string[] {
  return Object.entries(inputs).flatMap(([importer, { imports }]) =>
    imports
      .filter(({ kind, path }) => kind === 'dynamic-import' && inputs[path]?.format === 'cjs')
      .map(({ path }) => `${importer} imports ${path} dynamically`),
  );
}
