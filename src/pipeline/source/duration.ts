import type { Value } from '../../core/plan.ts';

const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

/** What {@link durationSeconds} reads, for messages. */
export const expectedDuration = 'seconds, or a duration such as 90s, 15m or 12h';

/**
 * Reads a duration.
 *
 * @param value - seconds, or a text such as `90s`, `15m`, `12h`, `1d`, `1h30m`
 * @returns seconds; undefined when it is no duration
 */
export function durationSeconds(value: Value): number | undefined {
  if (typeof value === 'number') return value >= 0 ? value : undefined;
  if (typeof value !== 'string' || !/^(?:\d+(?:\.\d+)?[smhd])+$/.test(value)) return undefined;
  const parts = [...value.matchAll(/(\d+(?:\.\d+)?)([smhd])/g)];
  return parts.reduce((sum, [, count, unit]) => sum + Number(count) * (UNITS[unit ?? ''] ?? 0), 0);
}
