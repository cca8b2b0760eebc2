import type { Place } from '../core/failure.ts';
import { isList } from '../core/json.ts';
import { readPipeline, type Source } from './read/read-pipeline.ts';

/** A plugin as a pipeline file names it. */
export interface NamedPlugin {
  /** As it is written: relative to the folder of the pipeline file. */
  readonly path: string;
  readonly place: Place;
}

/**
 * Finds the plugins of a pipeline file, before it can be planned: they say what names there are.
 *
 * @param source - the file's name and text
 * @returns what `plugins` lists; nothing where it is no list of texts, or the file no pipeline, which planning it says
 */
export function pluginsIn(source: Source): readonly NamedPlugin[] {
  if (!/^["']?plugins["']?\s*:/m.test(source.text)) return [];
  const document = readPipeline(source);
  const plugins = document.ok ? document.value.root['plugins'] : undefined;
  if (!document.ok || !isList(plugins)) return [];
  const { locate } = document.value;
  return plugins.flatMap((path, index) =>
    typeof path === 'string' ? [{ path, place: locate({ path: ['plugins', index] }, {}) }] : [],
  );
}
