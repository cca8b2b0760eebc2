import { resolve, sep } from 'node:path';
import type { Failure } from '../core/failure.ts';
import type { Cell } from '../core/plan.ts';
import { readPipeline, type Source } from '../pipeline/read/read-pipeline.ts';
import type { MentionedPath } from '../stages/stage-kind.ts';
import type { Project } from './project.ts';
import { statIfPresent } from '../store/files/stat-if-present.ts';

/** A file that stages name, and do not declare. */
interface Found {
  readonly mention: MentionedPath;
  readonly stages: Set<string>;
}

/** Most words of commands that are looked at: a note is not worth a longer wait. */
const mostWords = 200_000;

const isIn = (path: string, folder: string): boolean => path === folder || path.startsWith(`${folder}${sep}`);

/** Finds them; each path is looked at once, however many cells name it. */
function find(cells: readonly Cell[], { kinds, root, runsFolder }: Project): readonly Found[] {
  const looked = new Map<string, Found | undefined>();
  const look = (path: string, mention: MentionedPath): Found | undefined => {
    const isOurs = isIn(path, root) && !isIn(path, runsFolder) && statIfPresent(path)?.isFile() === true;
    return isOurs ? { mention, stages: new Set() } : undefined;
  };
  let words = 0;
  for (const { kind, params, stage } of cells) {
    const { mentions, sources } = kinds[kind] ?? {};
    const named = mentions?.(params) ?? [];
    if (!named.length) continue;
    words += named.length;
    if (words > mostWords) break;
    const declared = (sources?.(params) ?? []).map((source) => resolve(root, source.path));
    for (const mention of named) {
      const path = resolve(root, mention.path);
      if (!looked.has(path)) looked.set(path, look(path, mention));
      if (!declared.some((input) => isIn(path, input))) looked.get(path)?.stages.add(stage);
    }
  }
  return [...looked.values()].filter((found): found is Found => found !== undefined && found.stages.size > 0);
}

/**
 * Finds files of the workspace that commands name and do not read as inputs: when they are edited, nothing runs again.
 *
 * @param source - the pipeline file, for places
 * @param cells - its cells
 * @param project - the workspace
 * @returns a note for each file
 */
export function undeclaredFiles(source: Source, cells: readonly Cell[], project: Project): readonly Failure[] {
  const found = find(cells, project);
  const document = found.length > 0 ? readPipeline(source) : undefined;
  return found.map(({ mention: { path, word, param }, stages }) => {
    const [first = '', ...others] = stages;
    const place = document?.ok
      ? document.value.locate({ path: ['stages', first, 'with', ...param] }, { within: word })
      : undefined;
    const also = others.length > 0 ? ` (also in ${others.join(', ')})` : '';
    return {
      code: 'undeclared-file',
      message: `${path} is a file here and no input${also}: edits of it rerun nothing; inputs: { script: ${path} }`,
      ...(place && { place }),
    };
  });
}
