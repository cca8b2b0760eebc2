import { describe, expect, it } from 'vitest';
import { planPipeline } from '../../src/pipeline/plan.ts';
import { catalogue } from '../../src/stages/catalogue.ts';
import { kinds } from '../../src/stages/registry.ts';

const many = (count: number, line: (at: number) => string): string =>
  Array.from({ length: count }, (_, at) => line(at)).join('');
const stage = 'stages:\n  a: { uses: command, with: { run: [echo, hi] } }\n';

const planned = (text: string, overrides: readonly string[] = []) =>
  planPipeline({ file: 'x.yaml', text }, { env: {}, overrides, kinds, catalogue: catalogue() });

/** Codes of what is wrong, each once, the last one first; `ok` where nothing is. */
function codes(text: string): readonly string[] {
  const result = planned(text);
  return result.ok ? ['ok'] : [...new Set(result.failures.map(({ code }) => code))];
}

/** Params of which each is the one before twice. */
const doubling = (twice: (name: string) => string, first: string): string =>
  `params:\n  p0: ${first}\n${many(40, (at) => `  p${at + 1}: ${twice(`\${params.p${at}}`)}\n`)}`;
const lists = doubling((name) => `["${name}", "${name}"]`, '[x, x]');

describe('a few lines that stand for more than a machine holds are refused before it is made', () => {
  it.each([
    ['texts that double', doubling((name) => `"${name}${name}"`, 'xxxxxxxx') + stage],
    ['lists that double', lists + stage],
    [
      'an axis of them',
      `${lists}stages:\n  a: { uses: command, matrix: { v: ["\${params.p40}"] }, with: { run: [a] } }`,
    ],
    [
      'an entry of include that is a product',
      'stages:\n  s: { uses: command, seeds: 2000, with: { run: [a] } }\n' +
        '  t: { uses: command, matrix: { x: [1], include: [{ a: "${stages.s}", b: "${stages.s}", c: "${stages.s}" }] }, with: { run: [a] } }',
    ],
    [
      'many entries of include over many cells',
      `stages:\n  s: { uses: command, matrix: { seed: { from: 1, to: 90000, step: 1 }, include: [${many(20_000, (at) => `{ y${at}: 1 },`)}] }, with: { run: [a] } }`,
    ],
    [
      'cells of all stages together',
      `stages:\n${many(30, (at) => `  s${at}: { uses: command, seeds: 5000, with: { run: [a] } }\n`)}`,
    ],
    [
      'cells that each collect all others',
      'stages:\n  s: { uses: command, seeds: 20000, with: { run: [a] } }\n' +
        '  t: { uses: command, matrix: { i: { from: 1, to: 20000, step: 1 } }, with: { run: [a], inputs: { x: "${stages.s[*]}" } } }',
    ],
    [
      'ids that double',
      `stages:\n  s0: { uses: command, matrix: { a: [1] }, with: { run: [a, "\${matrix.a}"] } }\n${many(40, (at) => `  s${at + 1}: { uses: command, matrix: { a: ["\${stages.s${at}}"], b: ["\${stages.s${at}}"] }, with: { run: [a, "\${matrix.a}", "\${matrix.b}"] } }\n`)}`,
    ],
    [
      'one long text in many cells',
      `params:\n  a: ${'x'.repeat(500_000)}\nstages:\n  s: { uses: command, seeds: 1000, with: { run: ["\${params.a}"] } }`,
    ],
    [
      'a table of many names',
      `${stage}tables:\n  t: { from: a, rows: [${many(20_000, () => 'seed,')}], columns: [x] }`,
    ],
  ])('%s', (_, text) => {
    expect(codes(text)).toContain('plan-too-large');
  });

  it('more tables and plots than anybody reads', () => {
    const measured =
      'stages:\n  a: { uses: command, seeds: 2, with: { run: [a], metrics: m.json } }\n' +
      `tables:\n${many(700, (at) => `  t${at}: { from: a, rows: [seed], columns: [x] }\n`)}` +
      `plots:\n${many(400, (at) => `  p${at}: { from: a, x: seed, y: x, into: p${at}.svg }\n`)}`;
    expect(codes(measured)).toContain('plan-too-large');
    expect(codes(`limits: { tables: 1100 }\n${measured}`)).not.toContain('plan-too-large');
  });

  it('says what was counted and how it is raised, and takes what the file raises', () => {
    const text =
      'stages:\n  s: { uses: command, seeds: 30, with: { run: [a] } }\n  t: { uses: command, seeds: 30, with: { run: [a] } }';
    expect(planned(`limits: { cells: 59 }\n${text}`)).toMatchObject({
      failures: [
        {
          code: 'plan-too-large',
          message: 'the pipeline stands for more than 59 cells',
          fix: 'if that is meant, raise it at the top of the file: limits: { cells: 590 }',
          place: { line: 4 },
        },
      ],
    });
    const raised = planned(`limits: { cells: 60 }\n${text}`);
    expect(raised.ok && raised.value.plan.cells).toHaveLength(60);
    expect(codes(`limits: { cells: 0, nods: 3 }\n${text}`)).toEqual(['bad-limit', 'unknown-key']);
  });

  it('counts every sweep of overrides', () => {
    const values = Array.from({ length: 400 }, (_, at) => at).join(',');
    const text =
      'params: { x: 1, y: 1 }\nstages:\n  s: { uses: command, with: { run: [a, "${params.x}", "${params.y}"] } }';
    expect(planned(text, [`x=${values}`, `y=${values}`])).toMatchObject({ failures: [{ code: 'matrix-too-large' }] });
  });
});

describe('what takes the square of its size is planned in one go', () => {
  it.each([
    ['60,000 keys', `params:\n${many(60_000, (at) => `  k${at}: 1\n`)}${stage}`],
    ['10,000 aliases', `params:\n  base: &b 1\n${many(10_000, (at) => `  k${at}: *b\n`)}${stage}`],
    [
      'a chain of params, each after the one that it uses',
      `params:\n  p0: 1\n${many(10_000, (at) => `  p${at + 1}: "\${params.p${at}}"\n`)}${stage}`,
    ],
  ])('%s', (_, text) => {
    expect(codes(text)).toEqual(['ok']);
  });

  it.each([
    ['unknown keys', many(20_000, (at) => `k${at}: 1\n`) + stage],
    [
      'unknown params',
      `params:\n${many(10_000, (at) => `  key${at}: 1\n`)}stages:\n  a: { uses: command, with: { run: [${many(10_000, (at) => `"\${params.kez${at}}",`)}] } }\n`,
    ],
    ['unknown defaults', `defaults:\n  command: {${many(60_000, (at) => `x${at}: 1,`)}}\n${stage}`],
    ['keys that are there twice', `params:\n${many(20_000, (at) => `  k${at}: 1\n  k${at}: 2\n`)}${stage}`],
  ])('and of too many problems the first are told: %s', (_, text) => {
    const result = planned(text);
    expect(result.ok ? [] : result.failures.length).toBeLessThanOrEqual(201);
    expect(codes(text)).not.toContain('ok');
  });
});

describe('what is nested too deeply is said to be', () => {
  it.each([
    ['lists', `params: { p: ${'['.repeat(200_000)}${']'.repeat(200_000)} }\n${stage}`],
    ['mappings', `params: { p: ${'{a: '.repeat(100_000)}1${'}'.repeat(100_000)} }\n${stage}`],
    ['lists that are never closed', '['.repeat(1_000_000)],
    ['lists of no great depth', `params: { p: ${'['.repeat(1500)}${']'.repeat(1500)} }\n${stage}`],
    [
      'params that each hold the one before',
      `params:\n  p0: [1]\n${many(10_000, (at) => `  p${at + 1}: ["\${params.p${at}}"]\n`)}${stage}`,
    ],
    [
      'a chain of params, each before the one that it uses',
      `params:\n${many(10_000, (at) => `  p${at}: "\${params.p${at + 1}}"\n`)}  p10000: 1\n${stage}`,
    ],
  ])('%s', (_, text) => {
    expect(codes(text)).toContain('too-deep');
  });

  it.each([
    ['lists', `params: { p: [${'[],'.repeat(300_000)}] }\n${stage}`],
    ['lists within lines', `params:\n  p:\n${many(5000, () => `    ${'- '.repeat(80)}1\n`)}${stage}`],
    ['keys within lines', `params:\n  p:\n${many(5000, () => `    ${'? '.repeat(80)}1\n`)}${stage}`],
    ['mappings within a line', `params:\n  p: ${': '.repeat(400_000)}\n${stage}`],
    ['brackets that close nothing', `params: { p: ${']'.repeat(1_000_000)}\n${stage}`],
  ])('and what is too wide for the parser is refused before it: %s', (_, text) => {
    expect(codes(text)).toEqual(['file-too-large']);
  });
});
