import { describe, expect, it } from 'vitest';
import { CellReference, ReferenceText, type ValueObject } from '../../../src/core/plan.ts';
import { mentions } from '../../../src/stages/command/mentions.ts';

const paths = (params: ValueObject) => mentions(params).map(({ path }) => path);

describe('paths that a command may mean', () => {
  it('are arguments, values of options, and modules of Python', () => {
    expect(paths({ run: ['python3', './train.py', '--config=conf/a.yaml', '--lr=0.1', '-v', 'data/x.csv'] })).toEqual([
      ...['train.py', 'conf/a.yaml', 'data/x.csv'],
    ]);
    expect(paths({ run: ['python', '-m', 'pkg.train'] })).toEqual(['pkg/train.py']);
    expect(paths({ run: ['./train.sh'] })).toEqual(['train.sh']);
    expect(paths({ run: ['python', ['/w/a.py']], cwd: 'sub' })).toEqual(['/w/a.py']);
    expect(paths({ run: ['python', 'a.py'], cwd: 'sub' })).toEqual(['sub/a.py']);
  });

  it('are words of a shell, but for what it writes', () => {
    const shell =
      'set -e; python3 "train.py" --lr=1 < words.txt | tee log.txt > out.txt 2>> err.txt && (CONF=b.yaml sh run.sh)';
    expect(paths({ shell })).toEqual(['python3', 'train.py', 'words.txt', 'tee', 'log.txt', 'b.yaml', 'sh', 'run.sh']);
  });

  it('are no variables, patterns, numbers or results of other stages', () => {
    const text = new ReferenceText(['--weights=', new CellReference('teacher')]);
    expect(paths({ run: ['cp', '$(KDPIPE_OUT)/x', '*.py', '1e', '0.5', new CellReference('teacher'), text] })).toEqual([
      '1e',
    ]);
    expect(paths({ shell: 'cat "$KDPIPE_INPUT_X" ${Y}' })).toEqual([]);
    expect(paths({ run: ['python', 'a.py'], cwd: new CellReference('code') })).toEqual([]);
  });

  it('name the parameter in which they stand', () => {
    expect(mentions({ run: ['python', ['-u', 'a.py']] })).toEqual([
      { path: 'a.py', word: 'a.py', param: ['run', 1, 1] },
    ]);
  });
});
