import type { EngineState } from '../ml/bench/engines.ts';
import { pluralize } from '../util/text.ts';

/**
 * What a line says of an engine's state, without its name.
 *
 * @param state - of the engine on this machine
 * @returns such as `what auto takes (avx2, 2 threads, amp in float32)`, or why it cannot run
 */
export function engineText(state: EngineState): string {
  const { auto, onlyByName, unavailable, description, halfPrecision } = state;
  if (unavailable !== null) return `cannot run here: ${unavailable}`;
  const { kernels, precision, device, threads } = description;
  const facts = [
    kernels ?? precision ?? device,
    typeof threads === 'number' ? pluralize(threads, 'thread') : undefined,
    precision === undefined ? `amp in ${halfPrecision ?? 'float32'}` : undefined,
  ];
  const known = facts.filter((fact) => fact !== undefined).join(', ');
  const use = auto ? 'what auto takes' : onlyByName ? 'runs here, only by name' : 'runs here';
  return known === '' ? use : `${use} (${known})`;
}
