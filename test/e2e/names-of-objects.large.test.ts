import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Project, type Ended } from '../support/project.ts';

/** Names that every object of JavaScript has, wherever one can be written: each is a name like any other. */
const pipeline = `
name: constructor
params: { constructor: 2, toString: { valueOf: 1 } }
stages:
  constructor:
    uses: command
    matrix: { constructor: [true, false], hasOwnProperty: [1, 2] }
    with:
      shell: |
        mkdir $KDPIPE_OUT/o
        echo $toString $valueOf $isPrototypeOf > $KDPIPE_OUT/o/constructor
        echo "__proto__.polluted,constructor.prototype.polluted,toString,__proto__.toString
        1,2,\${matrix.hasOwnProperty},4" > $KDPIPE_OUT/m.csv
      metrics: m.csv
      env:
        toString: '\${matrix.constructor}'
        valueOf: '\${env.constructor:-unset}'
        isPrototypeOf: '\${params.toString.valueOf} \${params.constructor}'
      outputs: { constructor: o/constructor, toString: o }
  toString:
    uses: command
    with:
      shell: |
        cat $KDPIPE_INPUT_VALUEOF
        echo '{"toString": 1, "__proto__": {"x": 2}, "constructor": 3}' > $KDPIPE_OUT/m.json
      metrics: m.json
      inputs: { valueOf: '\${stages.constructor[constructor=true,hasOwnProperty=1].constructor}' }
  valueOf:
    uses: command
    with:
      shell: |
        echo '{"toString": 1, "__proto__": {"x": 2}, "constructor": 3}' > $KDPIPE_OUT/m.yaml
      metrics: m.yaml
  isPrototypeOf:
    uses: dataset
    with: { source: image-folder, root: pictures, split: { val: 0, test: 0.34 }, mean_std: data, image_size: 8 }
tables:
  constructor:
    from: constructor
    rows: [constructor, hasOwnProperty]
    columns: [toString, constructor.prototype.polluted, __proto__.polluted, __proto__.toString]
    compare: { baseline: { constructor: false }, on: toString }
    into: README.md
  toString: { from: constructor, rows: [constructor], over: [hasOwnProperty], columns: [toString], into: toString.csv }
  valueOf: { from: [toString, valueOf], rows: [metrics], columns: [__proto__.x, constructor, toString], into: v.csv }
plots:
  toString: { from: constructor, x: hasOwnProperty, y: __proto__.polluted, over: [constructor], into: toString.svg }
`;

const folders = ['__proto__', 'constructor', 'toString'];
const project = new Project({ 'p.yaml': pipeline });
let run: Ended;

beforeAll(async () => {
  for (const [at, folder] of folders.entries())
    for (const name of ['valueOf', 'b', 'c']) {
      const background = { r: 80 * at, g: 10 * name.length, b: name.charCodeAt(0) };
      const noise = { type: 'gaussian', mean: 100, sigma: 50 } as const;
      const picture = sharp({ create: { width: 8, height: 8, channels: 3, background, noise } }).png();
      project.write(`pictures/${folder}/${name}.png`, await picture.toBuffer());
    }
  run = project.run('run', 'p.yaml');
}, 120_000);
afterAll(() => project.remove());

describe('names that every object has', () => {
  it('name stages, axes, params, variables, outputs, metrics, tables and plots', () => {
    expect(run.stderr).toMatch(/7 ran/);
    expect(run.code).toBe(0);
    expect(project.read('v.csv')).toContain('\nm.json,2,,1,1,3,,1,1,1,,1,1,\nm.yaml,2,,1,1,3,,1,1,1,,1,1,\n');
    expect(project.read('README.md')).toMatch(/\| true +\| 2 +\| +2 \| +2 \| +1\.0000 \| +4 \|/);
    expect(project.read('toString.csv')).toContain('true');
    expect(project.read('toString.svg')).toContain('</svg>');
    expect(project.run('logs', 'toString').stdout).toContain('true unset 1 2');
  });

  it('name classes, all of whose pictures are read', () => {
    const { stdout } = project.run('show', 'isPrototypeOf', '--json');
    expect(stdout).toContain('"images": 6');
    expect(stdout).toContain('"images": 3');
  });

  it('leave a run that has nothing to do with nothing to do', () => {
    expect(project.run('run', 'p.yaml').stderr).toMatch(/nothing to do|up to date|reused/);
  });

  it.each([
    ...['show', 'why', 'logs', 'path', 'status'].map((command) => [[command]]),
    ...['-S', '--only'].map((option) => [['run', 'p.yaml', '-n', option]]),
    ...['--data', '--student'].map((option) => [['init', 'q.yaml', '--yes', option]]),
  ])(
    'are asked for without an internal error: %j',
    (words) => {
      for (const name of ['__proto__', 'constructor']) {
        const { stderr } = project.run(...words, name);
        expect(stderr, name).not.toMatch(/internal error|native code|is not a function/);
      }
    },
    60_000,
  );
});
