const units = ['KiB', 'MiB', 'GiB', 'TiB'] as const;

/**
 * Writes a size as a person reads it: `512 B`, `1.5 KiB`, `210 MiB`.
 *
 * @param bytes - a whole number
 * @returns the text
 */
export function fileSize(bytes: number): string {
  let [size, unit] = [bytes, 'B'];
  for (const next of units) {
    if (size < 1000) break;
    [size, unit] = [size / 1024, next];
  }
  return unit === 'B' || size >= 99.95 ? `${Math.round(size)} ${unit}` : `${size.toFixed(1)} ${unit}`;
}
