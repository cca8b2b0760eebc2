import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { advisoriesIn, shippedPackages } from '../../.config/advisories.ts';

const lock = JSON.parse(readFileSync('package-lock.json', 'utf8')) as Parameters<typeof shippedPackages>[0];

describe('packages with known advisories', () => {
  const shipped = shippedPackages(lock);

  it('are looked for among those that users get: dependencies, what is bundled, and what these need', () => {
    for (const name of ['ajv', 'tar', 'sharp', 'vega-lite', 'minipass', 'd3-scale']) expect(shipped).toContain(name);
    for (const name of ['vitest', 'oxlint', 'typescript', 'esbuild']) expect(shipped).not.toContain(name);
  });

  it('are told, others are not', () => {
    const vulnerabilities = {
      tar: { severity: 'high', range: '<7.5.4' },
      vitest: { severity: 'critical', range: '*' },
    };
    expect(advisoriesIn(JSON.stringify({ vulnerabilities }), shipped)).toEqual(['tar <7.5.4: high']);
    expect(advisoriesIn(JSON.stringify({ vulnerabilities: {} }), shipped)).toEqual([]);
  });

  it('are not known where no source of them answers', () => {
    expect(advisoriesIn('{ "message": "405 Method Not Allowed", "error": {} }', shipped)).toBeUndefined();
    expect(advisoriesIn('', shipped)).toBeUndefined();
  });
});
