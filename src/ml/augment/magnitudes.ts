import type { OperationName } from './operations.ts';

/** How strong the operations of a policy get, by torchvision's tables. */
export interface Limits {
  /** Strengths from the least to the greatest, ≥ 2. */
  readonly bins: number;
  /** Greatest slope. */
  readonly shear: number;
  /** Greatest distance in pixels: policies work on squares. */
  readonly translate: number;
  /** Greatest angle in degrees. */
  readonly rotate: number;
  /** Greatest distance of an enhancement's factor from 1. */
  readonly enhance: number;
  /** Bits that are kept at the least and at the greatest strength. */
  readonly posterize: readonly [number, number];
}

/** Magnitudes of one operation. */
export interface Scale {
  /** By bin; null for an operation without a magnitude. */
  readonly magnitudes: readonly number[] | null;
  /** True when either sign is as likely. */
  readonly signed: boolean;
}

/** `torch.linspace` in float32, from both ends towards the middle; its last bit differs from machine to machine. */
function linspace(from: number, to: number, count: number): number[] {
  const step = Math.fround((Math.fround(to) - Math.fround(from)) / (count - 1));
  return Array.from({ length: count }, (_, i) =>
    Math.fround(i < count / 2 ? Math.fround(from) + step * i : Math.fround(to) - step * (count - 1 - i)),
  );
}

const WITHOUT: Scale = { magnitudes: null, signed: false };

/**
 * Tabulates the magnitudes of all operations.
 *
 * @param limits - of the policy
 * @returns magnitudes by operation and bin
 */
export function scales(limits: Limits): Readonly<Record<OperationName, Scale>> {
  const { bins, posterize } = limits;
  const upTo = (greatest: number): Scale => ({ magnitudes: linspace(0, greatest, bins), signed: true });
  const [most, least] = posterize;
  const bits = Array.from({ length: bins }, (_, bin) => most - Math.round(bin / ((bins - 1) / (most - least))));
  return {
    Identity: WITHOUT,
    ShearX: upTo(limits.shear),
    ShearY: upTo(limits.shear),
    TranslateX: upTo(limits.translate),
    TranslateY: upTo(limits.translate),
    Rotate: upTo(limits.rotate),
    Brightness: upTo(limits.enhance),
    Color: upTo(limits.enhance),
    Contrast: upTo(limits.enhance),
    Sharpness: upTo(limits.enhance),
    Posterize: { magnitudes: bits, signed: false },
    Solarize: { magnitudes: linspace(255, 0, bins), signed: false },
    AutoContrast: WITHOUT,
    Equalize: WITHOUT,
    Invert: WITHOUT,
  };
}
