import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { fixMatch } from '../../../src/ml/augment/policies/fixmatch.ts';
import { hashed } from '../../support/hashed.ts';
import { fixture, noise } from './transform-reference.ts';

const digests = Object.entries(fixture('fixmatch.json') as Readonly<Record<string, string>>);

it.each(digests)(
  'FixMatch’s augmentation is Pillow’s, pixel for pixel, for the same draws: side %s',
  (text, digest) => {
    const side = Number(text);
    const augment = fixMatch.create({ side, mean: [] })!;
    const found = createHash('sha256');
    for (let k = 0; k < 200; k++) {
      const draws = [...hashed(`fixmatch ${k}`, 7)];
      found.update(augment(noise(side, side), () => draws.shift()!).pixels);
      expect(draws).toEqual([]);
    }
    expect(found.digest('hex')).toBe(digest);
  },
);
