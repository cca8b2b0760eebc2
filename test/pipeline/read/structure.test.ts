import { describe, expect, it } from 'vitest';
import { failuresOf, idsOf, planOf, problemsOf, underlined } from '../support/planning.ts';

const stages = 'stages: { a: { uses: command, with: { run: [x] } } }';

describe('the structure of a pipeline', () => {
  it('needs nothing but one stage', () => {
    const plan = planOf('stages:\n  data: { uses: dataset, with: { source: mnist } }');
    expect(idsOf(plan)).toEqual(['data']);
    expect(plan).toMatchObject({ name: 'pipeline', description: '', params: {}, tables: [] });
  });

  it('takes name and description from the file', () => {
    expect(planOf(`name: cub-50\ndescription: Which?\n${stages}`)).toMatchObject({
      name: 'cub-50',
      description: 'Which?',
    });
  });

  it('is named after the file when it does not name itself', () => {
    expect(planOf(stages).name).toBe('pipeline');
    expect(planOf(stages).file).toBe('pipeline.yaml');
  });

  it.each(['params', 'env', 'defaults', 'tables'])('may leave %s empty', (key) => {
    expect(idsOf(planOf(`${key}:\n${stages}`))).toEqual(['a']);
  });

  it('may leave with empty', () => {
    expect(idsOf(planOf('stages:\n  a:\n    uses: command\n    with:'))).toEqual(['a']);
  });

  it.each<[string, string]>([
    ['stges: {}', '1:1 unknown-key: a pipeline has no key "stges"'],
    [`nam: x\n${stages}`, '1:1 unknown-key: a pipeline has no key "nam"'],
    ['name: x', '1:1 no-stages: the pipeline has no stages'],
    ['stages: {}', '1:1 no-stages: the pipeline has no stages'],
    ['stages:', '1:1 no-stages: the pipeline has no stages'],
    ['stages: [a]', '1:1 wrong-type: stages is a list'],
    [`name: [a]\n${stages}`, '1:1 wrong-type: name is a list'],
    [`name: 3\n${stages}`, '1:7 wrong-type: name is 3'],
    [`name: ""\n${stages}`, '1:7 empty-text: name is empty'],
    [`name: ../up\n${stages}`, '1:7 bad-name: "../up" cannot be the name of a pipeline'],
    [`params: 3\n${stages}`, '1:9 wrong-type: params is 3'],
    [`params: { 1a: 3 }\n${stages}`, '1:11 bad-name: "1a" cannot be a name in params'],
    [`env: { A: [1] }\n${stages}`, '1:8 wrong-type: env.A is a list'],
    [`env: { "A-B": 1 }\n${stages}`, '1:8 bad-name: "A-B" cannot be a name in env'],
    [`defaults: { comand: {} }\n${stages}`, '1:13 unknown-key: defaults has no key "comand"'],
    [`defaults: { command: 3 }\n${stages}`, '1:22 wrong-type: defaults.command is 3'],
    [`defaults: { command: { rn: 1 } }\n${stages}`, '1:24 unknown-param: command has no parameter "rn"'],
    ['stages: { a: 3 }', '1:14 wrong-type: stage a is 3'],
    ['stages: { true: { uses: command } }', '1:11 bad-name: "true" cannot be a name in stages'],
    ['stages: { "a.b": { uses: command } }', '1:11 bad-name: "a.b" cannot be a name in stages'],
    ['stages: { a: {} }', '1:11 missing-key: stage a does not say what it uses'],
    ['stages: { a: { uses: 3 } }', '1:22 wrong-type: uses is 3'],
    ['stages: { a: { uses: comand } }', '1:22 unknown-kind: stage a uses "comand", which is not a kind of stage'],
    ['stages: { a: { uses: command, wth: {} } }', '1:31 unknown-key: stage a has no key "wth"'],
    ['stages: { a: { uses: command, with: [] } }', '1:31 wrong-type: with is a list'],
    ['stages: { a: { uses: command, description: 3 } }', '1:44 wrong-type: description is 3'],
    ['stages: { a: { uses: command, resources: { gpus: 1 } } }', '1:44 unknown-key: resources has no key "gpus"'],
    ['stages: { a: { uses: command, matrix: 3 } }', '1:39 wrong-type: a matrix is 3'],
    ['stages: { a: { uses: command, matrix: { seed: [1], include: 3 } } }', '1:61 wrong-type: include is 3'],
    [
      'stages: { a: { uses: command, matrix: { seed: [1], include: [3] } } }',
      '1:62 wrong-type: an item of include is 3',
    ],
    ['stages: { a: { uses: command, matrix: { "a.b": [1] } } }', '1:41 bad-name: "a.b" cannot be a name in a matrix'],
  ])('is refused: %s', (text, problem) => {
    expect(problemsOf(text)).toContain(problem);
  });

  it('advises the nearest name', () => {
    expect(failuresOf('stages: { a: { use: command } }')[0]).toMatchObject({ code: 'missing-key' });
    const unknown = failuresOf('stages: { a: { use: command } }')[1];
    expect(unknown?.fix).toBe('did you mean uses?');
    expect(unknown && underlined(unknown)).toBe('use');
  });

  it('is read as far as it is right: one slip does not hide another', () => {
    const text = [
      'nme: x',
      'params: [1]',
      'stages:',
      '  a: { uses: command, retri: 1 }',
      '  b: 3',
      '  c: { uses: nothing }',
    ];
    expect(problemsOf(text.join('\n')).map((problem) => problem.split(':').slice(0, 2).join(':'))).toEqual([
      '1:1 unknown-key',
      '2:1 wrong-type',
      '4:23 unknown-key',
      '5:6 wrong-type',
      '6:14 unknown-kind',
    ]);
  });

  it('names the seeds once', () => {
    const text = (stage: string): string => `stages: { a: { uses: command, ${stage} } }`;
    expect(failuresOf(text('seeds: 3, matrix: { seed: [1] }'))[0]?.code).toBe('seeds-twice');
    expect(failuresOf(text('matrix: { seeds: 3, seed: [1] }'))[0]?.code).toBe('seeds-twice');
    expect(failuresOf(text('matrix: { seeds: 3, zip: { seed: [1], x: [1] } }'))[0]?.code).toBe('seeds-twice');
    expect(failuresOf(text('seeds: 3, matrix: { seeds: 3 }'))[0]?.code).toBe('seeds-twice');
  });

  it('finds both places of what is given twice', () => {
    const text = 'stages:\n  a:\n    uses: command\n    seeds: 3\n    matrix: { seed: [1] }';
    expect(failuresOf(text)[0]).toMatchObject({
      message: 'the seeds are given twice (also at line 4)',
      place: { line: 5, column: 15 },
    });
  });
});
