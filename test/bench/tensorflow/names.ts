import type { EngineName } from '../../../src/ml/engines/registry.ts';

/** Engines that are measured in turn. */
export const NAMES: readonly EngineName[] = ['tensorflow', 'wasm', 'native'];
