import { setFlagsFromString } from 'node:v8';

/** First V8 (Node 22) that has relaxed SIMD without being asked, and no flag for it any more. */
const RELAXED_BY_DEFAULT = 12;

/**
 * The flag that V8 needs before it takes relaxed SIMD: setting a flag that a V8 does not know prints an error.
 *
 * @param version - `process.versions.v8`, e.g. `11.3.244.8-node.38`
 * @returns the flag, or null where relaxed SIMD needs none
 */
export const relaxedFlag = (version: string): string | null =>
  Number.parseInt(version) < RELAXED_BY_DEFAULT ? '--experimental-wasm-relaxed-simd' : null;

let asked = false;

/** Makes this V8 take relaxed SIMD, where it can. */
export function askForRelaxed(): void {
  const flag = relaxedFlag(process.versions.v8);
  if (!asked && flag !== null) setFlagsFromString(flag);
  asked = true;
}
