import { scheme } from 'vega';
import { describe, expect, it } from 'vitest';
import { bilinear, heatColour, overlay } from '../../../../src/ml/inference/activation/overlay.ts';

/** L* of CIELAB, of an sRGB colour. */
function lightness(colour: readonly number[]): number {
  const [r = 0, g = 0, b = 0] = colour.map((value) => {
    const part = value / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  const light = 0.2126 * r + 0.7152 * g + 0.0722 * b;
  return light > 0.008856 ? 116 * Math.cbrt(light) - 16 : 903.3 * light;
}

describe('an overlay', () => {
  it('has the colours of inferno, whose lightness rises evenly', () => {
    const theirs = scheme('inferno') as unknown as (heat: number) => string;
    const light: number[] = [];
    for (let step = 0; step <= 255; step++) {
      const ours = heatColour(step / 255);
      const wanted = theirs(step / 255)
        .match(/\d+/g)!
        .map(Number);
      ours.forEach((value, channel) => expect(Math.abs(value - wanted[channel]!)).toBeLessThan(7));
      light.push(lightness(ours));
    }
    const steps = light.slice(1).map((value, at) => value - light[at]!);
    expect([Math.min(...steps) > 0.1, Math.max(...steps) < 0.8]).toEqual([true, true]);
  });

  it('is interpolated as PyTorch 2.15 interpolates', () => {
    const map = { values: Float64Array.of(1, -2, 4, 0, 3, -5), height: 2, width: 3 };
    const wanted = [1, -0.2, -2, 1.6, 4, 0.5, 0.5, 0.5, -0.1, -0.5, 0, 1.2, 3, -1.8, -5];
    bilinear(map, 3, 5).forEach((value, at) => expect(value).toBeCloseTo(wanted[at]!, 12));
  });

  it('enlarges small pictures by a whole number; the largest value is the hottest colour, and 0 and less the coldest', () => {
    const picture = { pixels: new Uint8Array(12).fill(100), height: 2, width: 2 };
    const map = { values: Float64Array.of(-3, 0, 0, 8), height: 2, width: 2 };
    const made = overlay(picture, map);
    expect([made.height, made.width]).toEqual([224, 224]);
    expect([...made.pixels.slice(0, 3)]).toEqual([50, 50, 52]);
    expect([...made.pixels.slice(-3)]).toEqual([176, 178, 132]);
  });

  it('leaves a picture as cold everywhere that has nothing of the class', () => {
    const made = overlay(
      { pixels: new Uint8Array(300 * 300 * 3), height: 300, width: 300 },
      { values: Float64Array.of(-1, -2), height: 1, width: 2 },
    );
    expect([made.height, made.pixels.reduce((a, b) => Math.max(a, b))]).toEqual([300, 2]);
  });
});
