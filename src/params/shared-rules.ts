/**
 * Number of epochs that warm up: W = floor(ratio · E).
 *
 * @param epochs - E, total number of epochs
 * @param ratio - share in [0, 1)
 * @returns W; a hair is allowed for ratios that binary fractions miss (0.07 · 100)
 */
export function warmupEpochs(epochs: number, ratio: number): number {
  return Math.floor(epochs * ratio + 1e-9);
}

/**
 * Whether some batch of an epoch has one image alone, which a method that compares images with each other cannot take.
 *
 * @param batchSize - images of a batch
 * @param images - of the training split; a plan does not know them yet
 * @returns true where it is known that one image is left alone
 */
export function leavesOneImage(batchSize: number, images?: number): boolean {
  return batchSize === 1 || (images !== undefined && images % batchSize === 1);
}
