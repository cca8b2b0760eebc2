import { fileURLToPath } from 'node:url';
import { assetPath } from './package-root.ts';

/** A module of ours that is started as a program of its own. */
export interface OwnModule {
  /** Among the sources: `new URL('x.ts', import.meta.url)`. */
  readonly source: URL;
  /** As it is built: `dist/x.js`. */
  readonly built: string;
}

/**
 * Arguments of `node` that start a module of ours: the built one, or the sources where this module itself is run from them.
 *
 * @param module - the module
 * @param module.source - among the sources
 * @param module.built - as it is built
 * @returns options of node and the path
 */
export function nodeArguments({ source, built }: OwnModule): readonly string[] {
  if (!fileURLToPath(import.meta.url).endsWith('.ts')) return [assetPath(built)];
  return ['--import', import.meta.resolve('tsx'), fileURLToPath(source)];
}
