import { readFileSync } from 'node:fs';
import { assetPath } from '../../util/package-root.ts';

/**
 * Reads kernels/resize.c as it was built. In a page that runs in a browser, the build puts the bytes themselves in this module's place.
 *
 * @returns a WebAssembly module
 */
export const resizeKernel = (): Uint8Array<ArrayBuffer> =>
  new Uint8Array(readFileSync(assetPath('src/ml/augment/kernels/resize.wasm')));
