import { fail } from '../../core/failure.ts';
import { formatList } from '../../util/text.ts';
import type { FoundDict } from '../weights/state-dicts.ts';
import type { Fit } from './fits.ts';

/** Which of two sets of weights of one network is taken: their moving average, or those that were trained. */
export type WeightState = 'ema' | 'model';

/** Words for an average of weights, as keys of checkpoints have them: `state_dict_ema`, `model_ema`, `swa_model`. */
const AVERAGE = /(^|_)(ema|swa|avg|averaged?|shadow)(_|$)/i;

/** Words for the network itself, those that others take first before those that are taken where nothing else is there. */
const KNOWN = [
  'state_dict',
  'model_state_dict',
  'model_state',
  'model',
  'module',
  'net',
  'network',
  'student',
  'weights',
];

const partsOf = ({ dict, prefix }: Fit): readonly string[] => [...dict.path, ...prefix.split('.').filter(Boolean)];

/** PyTorch's AveragedModel counts what it has averaged. */
const isAverage = (fit: Fit): boolean =>
  fit.dict.tensors.has('n_averaged') || partsOf(fit).some((part) => AVERAGE.test(part));

/**
 * What messages call a place in a checkpoint.
 *
 * @param fit - the place
 * @returns its keys, and the prefix of its names: `state_dict_ema`, `model_ema (names after module.)`
 */
export function placeText(fit: Fit): string {
  const { dict, prefix } = fit;
  const key = dict.path.join('.');
  if (prefix === '') return key || 'the state dict';
  return key ? `${key} (names after ${prefix})` : `the names after ${prefix}`;
}

/** How unusual a place is: its least usual word counts, then all of them. */
function rankOf(fit: Fit): readonly [number, number] {
  const ranks = partsOf(fit).map((part) => {
    const rank = KNOWN.indexOf(part);
    return AVERAGE.test(part) ? 0 : rank < 0 ? KNOWN.length : rank;
  });
  return [Math.max(-1, ...ranks), ranks.reduce((sum, rank) => sum + rank, 0)];
}

/** The weights that are taken, and what else could have been. */
export interface Taken {
  readonly fit: Fit;
  readonly state: WeightState;
  /** Other places in the checkpoint that hold all tensors of the network: of the other state, and of the same. */
  readonly beside: Readonly<Record<'other' | 'same', readonly Fit[]>>;
}

function failState(state: WeightState, fits: readonly Fit[], path: string): never {
  const found = formatList(fits.map(placeText), 4);
  return fail({
    code: 'no-such-state',
    message: `${path} holds no ${state === 'ema' ? 'average of weights' : 'weights but their average'}; what there is: ${found}`,
    place: { file: path },
    expected: state === 'ema' ? 'weights under state_dict_ema, model_ema or ema' : 'weights under state_dict or model',
    fix: `remove state: ${state}`,
  });
}

/**
 * Chooses among the places of a checkpoint that hold a network: the average of its weights where there is one, as timm
 * does, unless the other is asked for; then what is usually loaded.
 *
 * @param fits - places that hold all of its tensors, at least one
 * @param state - what was asked for
 * @param path - the file's name for messages
 * @returns the choice
 * @throws FailureError `no-such-state`, or `several-state-dicts` where nothing tells which is meant
 */
export function takeState(fits: readonly Fit[], state: WeightState | undefined, path: string): Taken {
  const averages = fits.filter(isAverage);
  const trained = fits.filter((fit) => !isAverage(fit));
  const wanted = state ?? (averages.length > 0 ? 'ema' : 'model');
  const [same, other] = wanted === 'ema' ? [averages, trained] : [trained, averages];
  const usual = same
    .map((fit) => ({ fit, rank: rankOf(fit) }))
    .sort((a, b) => a.rank[0] - b.rank[0] || a.rank[1] - b.rank[1]);
  const [first, second] = usual;
  if (!first) return failState(wanted, fits, path);
  if (second && second.rank.join() === first.rank.join())
    fail({
      code: 'several-state-dicts',
      message: `${path} holds several networks like this: ${formatList(usual.map(({ fit }) => placeText(fit)))}`,
      place: { file: path },
      expected: 'one of them, or one called state_dict, model or student',
      fix: 'save the one that is meant alone: torch.save(checkpoint[key], path)',
    });
  return { fit: first.fit, state: wanted, beside: { other, same: same.filter((fit) => fit !== first.fit) } };
}

/**
 * Averages that a checkpoint keeps in part: without running statistics, for example, none is a network.
 *
 * @param dicts - its state dicts
 * @param fits - places that hold all tensors of the network
 * @returns keys of the dicts that are called an average, and are none of those places
 */
export const partAverages = (dicts: readonly FoundDict[], fits: readonly Fit[]): readonly string[] =>
  dicts.flatMap((dict) =>
    dict.path.some((part) => AVERAGE.test(part)) && !fits.some((fit) => fit.dict === dict) ? [dict.path.join('.')] : [],
  );
