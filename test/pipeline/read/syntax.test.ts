import { describe, expect, it } from 'vitest';
import { parseDocument } from 'yaml';
import { syntaxFailures } from '../../../src/pipeline/read/syntax.ts';
import { Lines } from '../../../src/pipeline/source/place.ts';
import { failuresOf, problemsOf, underlined } from '../support/planning.ts';

describe('what is no YAML', () => {
  it.each<[string, string, string, string | undefined, string | undefined]>([
    [
      'a tab as indentation',
      'stages:\n\ta: 1',
      '2:1 tab-indentation: a tab is used as indentation',
      'blanks: YAML does not allow tabs there',
      'replace each tab at the start of a line by two blanks',
    ],
    [
      'a key twice',
      'name: a\nname: b',
      '2:1 duplicate-key: this key is in the mapping twice',
      'each key once',
      'remove or rename one of them',
    ],
    [
      'two documents',
      'name: a\n---\nname: b',
      '2:1 multiple-documents: the file holds more than one YAML document',
      'one pipeline per file',
      'split the file at the line ---',
    ],
    ['a list as a key', '[a]: b', '1:1 bad-key: a list or mapping is used as a key', 'a name as the key', undefined],
    [
      'an expression without quotes',
      'params: { x: ${params.y} }',
      '1:14 yaml-syntax: ${…} needs quotes inside { } or [ ]',
      'quotes around it, because { and } are YAML punctuation there',
      'write "${…}" with double quotes',
    ],
    [
      'an expression without quotes in a list',
      'params: { x: [${params.y}] }',
      '1:15 yaml-syntax: ${…} needs quotes inside { } or [ ]',
      'quotes around it, because { and } are YAML punctuation there',
      'write "${…}" with double quotes',
    ],
  ])('is said in plain words: %s', (_what, text, problem, expected, fix) => {
    expect(problemsOf(text)).toContain(problem);
    const failure = failuresOf(text).find(({ message }) => problem.endsWith(message));
    expect([failure?.expected, failure?.fix]).toEqual([expected, fix]);
  });

  it('is otherwise said as the parser says it', () => {
    expect(problemsOf('name: "x')[0]).toMatch(/^1:9 yaml-syntax: this is not YAML: Missing closing "quote$/);
  });

  it('counts once a line', () => {
    const lines = failuresOf('params: { x: ${a}, y: ${b} }\nname: a\nname: b').map(({ place }) => place?.line);
    expect(new Set(lines).size).toBe(lines.length);
    expect(lines).toContain(3);
  });

  it('is, in a long file, not parsed again to find expressions without quotes', () => {
    const text = `params: { x: \${a}, y: 1 }\n${'# a comment\n'.repeat(50_000)}`;
    const document = parseDocument(text);
    let parsed = 0;
    const failures = syntaxFailures(document, new Lines('x.yaml', text), text, () => {
      parsed++;
      return undefined;
    });
    expect(failures.map(({ message }) => message)).toEqual(['${…} needs quotes inside { } or [ ]']);
    expect(parsed).toBe(0);
  });

  it('is one problem for each expression without quotes, wherever it stands', () => {
    const file = [
      'params: { x: 1 }',
      'stages:',
      '  d: { uses: dataset, with: { source: mnist } }',
      '  t: { uses: train-teacher, with: { data: ${stages.d}, model: resnet50, epochs: 3 } }',
      '  s:',
      '    uses: distill-student',
      '    matrix: { teacher: [${stages.t}], kd_method: [AT, MGD] }',
      '    with:',
      '      data: ${stages.d}',
      '      model: resnet18',
      '  c: { uses: command, with: { run: [echo, --x=${params.x}, "${params.x}"] } }',
      'tables:',
      '  t: { from: s, rows: [kd_method], columns: [val.accuracy] }',
    ].join('\n');
    expect(problemsOf(file)).toEqual([
      '4:43 yaml-syntax: ${…} needs quotes inside { } or [ ]',
      '7:25 yaml-syntax: ${…} needs quotes inside { } or [ ]',
      '11:47 yaml-syntax: ${…} needs quotes inside { } or [ ]',
    ]);
    expect(failuresOf(file).map(underlined)).toEqual(['${stages.d}', '${stages.t}', '${params.x}']);
    expect(problemsOf(`${file}\nname: a\nname: b`)).toContain('15:1 duplicate-key: this key is in the mapping twice');
    expect(problemsOf('params: { x: ${params.y, z: 1 }\nname: b')[0]).toMatch(
      /^1:14 yaml-syntax: \$\{…\} needs quotes/,
    );
    expect(problemsOf('params: { a: ${b}, c: [${d}] }')).toEqual([
      '1:14 yaml-syntax: ${…} needs quotes inside { } or [ ]',
    ]);
  });

  it('hides what the plan would say: the values are not known', () => {
    expect(problemsOf('nam: a\nstages: {}\nname: b\nname: c')).toEqual([
      '4:1 duplicate-key: this key is in the mapping twice',
    ]);
  });
});
