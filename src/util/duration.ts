/** Writes a count of at least two digits after a larger unit: `2 h 05 min`. */
const padNumber = (count: number): string => String(count).padStart(2, '0');

/**
 * Writes a duration as a person says it, in at most two units: `0.04 s`, `4.1 s`, `1 min 20 s`, `2 h 05 min`, `3 d 04 h`.
 *
 * @param seconds - a duration in seconds; negative ones count as 0
 * @returns the text
 */
export function duration(seconds: number): string {
  const length = Math.max(0, seconds);
  if (length < 0.0995) return `${length.toFixed(2)} s`;
  if (length < 59.95) return `${length.toFixed(1)} s`;
  const whole = Math.round(length);
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${padNumber(whole % 60)} s`;
  const minutes = Math.round(length / 60);
  if (minutes < 1440) return `${Math.floor(minutes / 60)} h ${padNumber(minutes % 60)} min`;
  const hours = Math.round(length / 3600);
  return `${Math.floor(hours / 24)} d ${padNumber(hours % 24)} h`;
}
