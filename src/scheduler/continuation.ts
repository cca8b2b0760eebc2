import type { Growth } from '../core/growth.ts';
import type { StageKind } from '../stages/stage-kind.ts';
import { courseKey, findCheckpoints, keyOfBeginning } from '../store/checkpoints.ts';
import type { Manifest } from '../store/store.ts';
import type { ResolvedCell } from './resolution.ts';

/** Why a longer result does not go on from the cell's last one, a shorter one of the same course. */
function whyAnew(growth: Growth, resolved: ResolvedCell, last: Manifest): string | undefined {
  const before = { ...last, ...(resolved.unkeyed && { unkeyed: resolved.unkeyed }) };
  const growing = { growth, ingredients: resolved };
  if (courseKey({ growth, ingredients: before }) !== courseKey(growing)) return undefined;
  const length = growth.length(last.params);
  if (length > growth.length(resolved.params)) return undefined;
  const beginning = growth.beginning(resolved.params, length);
  if ('reason' in beginning)
    return [beginning.reason, beginning.remedy].filter((part) => part !== undefined).join('; ');
  return keyOfBeginning(growing, length) === last.key ? 'its checkpoint is not kept any more' : undefined;
}

/** What is known of earlier results. */
interface World {
  readonly root: string;
  readonly last: () => Manifest | undefined;
}

/**
 * Says where a cell that runs begins, where a shorter result of it might be gone on from.
 *
 * @param kind - of the cell
 * @param resolved - what its result is made of
 * @param world - the store's root, and what the cell's last result was made of
 * @returns e.g. `continues after 4 epochs of teacher (0123456789ab)`, `starts from the beginning: …`; nothing where there is
 *   nothing to say
 */
export function beginningText(kind: StageKind, resolved: ResolvedCell, world: World): readonly string[] {
  const { growth } = kind;
  if (!growth) return [];
  const [found] = findCheckpoints(world.root, { growth, ingredients: resolved });
  if (found) return [`continues after ${found.length} ${growth.unit} of ${found.cell} (${found.key.slice(0, 12)})`];
  const last = world.last();
  const reason = last && last.kind === resolved.kind ? whyAnew(growth, resolved, last) : undefined;
  return reason === undefined ? [] : [`starts from the beginning: ${reason}`];
}
