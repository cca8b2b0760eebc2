/** What a V8 says of itself. */
export interface V8Facts {
  /** `process.versions.v8`, e.g. `11.3.244.8-node.38`. */
  readonly version: string;
}

/** First V8 (Node 22) that has relaxed SIMD without being asked, and no flag for it any more. */
const RELAXED_BY_DEFAULT = 12;

/**
 * The flag that V8 needs before it takes relaxed SIMD: setting a flag that a V8 does not know prints an error.
 *
 * @param v8 - what V8 says of itself
 * @returns the flag, or null where relaxed SIMD needs none
 */
export function relaxedFlag(v8: V8Facts): string | null {
  return Number.parseInt(v8.version) < RELAXED_BY_DEFAULT ? '--experimental-wasm-relaxed-simd' : null;
}
