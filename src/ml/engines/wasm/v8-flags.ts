import { setFlagsFromString } from 'node:v8';

/** What a Node says of its V8. */
export interface V8Facts {
  /** `process.versions.v8`, e.g. `11.3.244.8-node.38`. */
  readonly version: string;
  /** Whether it was built with the pass that joins pairs of 128-bit vectors. */
  readonly joins: boolean;
}

/** First V8 (Node 22) that has relaxed SIMD without being asked, and no flag for it any more. */
const RELAXED_BY_DEFAULT = 12;
/** First V8 (Node 24) whose pass joins the vectors of our kernels; that of Node 22 finds next to nothing. */
const JOINS_WELL = 13;

const major = (v8: V8Facts): number => Number.parseInt(v8.version);

/**
 * The V8 that runs this.
 *
 * @returns what it says of itself
 */
export function thisV8(): V8Facts {
  const variables: Readonly<Record<string, unknown>> = process.config.variables;
  const joins = process.arch === 'x64' && variables['v8_enable_wasm_simd256_revec'] === 1;
  return { version: process.versions.v8, joins };
}

/**
 * The flag that V8 needs before it takes relaxed SIMD: setting a flag that a V8 does not know prints an error.
 *
 * @param v8 - what V8 says of itself
 * @returns the flag, or null where relaxed SIMD needs none
 */
export function relaxedFlag(v8: V8Facts): string | null {
  return major(v8) < RELAXED_BY_DEFAULT ? '--experimental-wasm-relaxed-simd' : null;
}

/**
 * The flag that lets V8 join pairs of 128-bit vectors to 256 bits where the processor has AVX2. Lanes stay what they were,
 * so results keep their bits.
 *
 * @param v8 - what V8 says of itself
 * @returns the flag, or null where V8 does not know it
 */
export function joinFlag(v8: V8Facts): string | null {
  return v8.joins && major(v8) >= JOINS_WELL ? '--experimental-wasm-revectorize' : null;
}

/** `--flag` → `--no-flag`. */
const opposite = (flag: string): string => flag.replace(/^--/, '--no-');

/**
 * Switches a flag of this V8 on.
 *
 * @param flag - one that this V8 knows; null does nothing
 */
export function switchOn(flag: string | null): void {
  if (flag !== null) setFlagsFromString(flag);
}

/**
 * Switches a flag of this V8 off.
 *
 * @param flag - one that this V8 knows; null does nothing
 */
export function switchOff(flag: string | null): void {
  if (flag !== null) setFlagsFromString(opposite(flag));
}
