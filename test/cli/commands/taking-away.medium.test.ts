import { existsSync } from 'node:fs';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openPacked } from '../../../src/ml/data/open.ts';
import { Project } from '../../support/project.ts';

const pipeline = `name: study
stages:
  digits: { uses: dataset, with: { source: mnist-digits, limit: { train: 300, val: 20, test: 20 }, mean_std: data } }
  net:
    uses: train-teacher
    matrix: { seed: [0, 1] }
    with: { data: "\${stages.digits}", model: convnet4, epochs: 3, lr: 0.02, batch_size: 32 }
  score: { uses: evaluate, with: { of: "\${stages.net[seed=0]}", data: "\${stages.digits}", splits: [test] } }
  away: { uses: export, with: { of: "\${stages.net[seed=0]}", data: "\${stages.digits}", to: [safetensors, onnx, tfjs] } }
`;

/** Nothing beside kdpipe checks anything. */
const alone = { KDPIPE_PYTHON: 'no-such-python', KDPIPE_ONNXRUNTIME: 'nowhere', KDPIPE_TFJS: 'nowhere' };
let project: Project;

/** Writes the images of the test split as PNG files. */
async function writePictures(): Promise<readonly string[]> {
  const [folder = ''] = project.run('path', 'digits.data').stdout.split('\n');
  const data = openPacked(project.path(folder));
  const split = data.split('test');
  const names: string[] = [];
  for (let index = 0; index < split.count; index++) {
    const { pixels, height, width } = await split.image('eval', index);
    const name = `pictures/${String(index).padStart(2, '0')}.png`;
    const raw = { width, height, channels: 3 } as const;
    project.write(name, await sharp(Buffer.from(pixels), { raw }).png().toBuffer());
    names.push(name);
  }
  data.close();
  return names;
}

beforeAll(async () => {
  project = new Project({ 'study.yaml': pipeline });
  const { code, stderr } = project.runWith(alone, 'run', 'study.yaml', '-j', '2');
  expect(stderr).toContain('onnx is not checked: onnxruntime-node is not installed');
  expect(code, stderr).toBe(0);
  await writePictures();
});
afterAll(() => {
  project.remove();
});

describe('kdpipe predict', () => {
  it('says of pictures what the evaluation said of the same images', () => {
    const { code, stdout, stderr } = project.run('predict', 'net[seed=0]', 'pictures', '--top', '1', '--csv');
    expect(code, stderr).toBe(0);
    const [, ...rows] = stdout.trim().split('\n');
    const [scores = ''] = project.run('path', 'score.predictions').stdout.split('\n');
    const [, ...known] = project.read(scores).trim().split('\n');
    expect(known).toHaveLength(20);
    expect(rows.map((row) => row.split(',').slice(2))).toEqual(known.map((row) => row.split(',').slice(4)));
    expect(rows[3]).toMatch(/^pictures\/03\.png,1,\d,/);
  });

  it('gives all classes as JSON, whose probabilities sum to 1; with ten crops other ones', () => {
    const read = (...args: readonly string[]) =>
      JSON.parse(project.run('predict', 'net[seed=1]', 'pictures/00.png', '--json', ...args).stdout) as [
        { classes: readonly { probability: number }[] },
      ];
    const [centre] = read('--top', '10');
    const sum = centre.classes.reduce((all, { probability }) => all + probability, 0);
    expect(centre.classes).toHaveLength(10);
    expect(sum).toBeCloseTo(1, 10);
    expect(read('--top', '10', '--tta', 'ten-crop')[0].classes).not.toEqual(centre.classes);
  });

  it('writes where the network looks for a class, and says into which files', async () => {
    const look = (...more: readonly string[]) => project.run('predict', 'net[seed=0]', 'pictures', '--cam', ...more);
    const [first] = JSON.parse(look('seen', '--top', '1', '--json').stdout) as [
      { classes: [{ class: string }]; cam: { file: string; class: string; method: string; map: number[][] } },
    ];
    const { map, ...told } = first.cam;
    expect(told).toEqual({ file: 'seen/00.png', class: first.classes[0].class, method: 'CAM' });
    expect(map.map((row) => row.length)).toEqual(Array(7).fill(7));
    expect(await sharp(project.path('seen/19.png')).metadata()).toMatchObject({ width: 224, height: 224 });

    const { stdout } = look('sought', '--class', '3', '--top', '1', '--csv');
    expect(stdout).toMatch(/^picture,rank,class,probability,cam\n[^]*^pictures\/19.png,1,\d,[\d.]+,sought\/19.png$/m);
  });

  it.each([
    [['net[seed=0]', 'pictures', '--class', '3'], /--class says what --cam looks for \[useless-option\]/],
    [
      ['net[seed=0]', 'pictures', '--cam', 'seen', '--class', 'three'],
      /convnet4 knows no class three \[unknown-class\]/,
    ],
    [['net[seed=0]', 'pictures', '--cam', './pictures'], /00\.png lies in .*\[overlays-over-pictures\]/],
    [['net', 'pictures'], /net stands for 2 cells \[several-cells\][^]*name one of them: 'net\[seed=0\]'/],
    [['digits', 'pictures'], /digits is a dataset stage \[no-network\]/],
    [['nat[seed=0]', 'pictures'], /no-such-cell/],
    [['net[seed=0]', 'study.yaml'], /study\.yaml[^]*\[bad-image\]/],
    [['net[seed=0]', 'runs/.store/nothing'], /there is no runs\/\.store\/nothing \[no-such-picture\]/],
  ])('refuses %j', (args, message) => {
    const { code, stderr } = project.run('predict', ...args);
    expect([code, stderr]).toEqual([2, expect.stringMatching(message)]);
  });
});

describe('kdpipe export', () => {
  it('writes every form, a card that tells where the network comes from, and says what is not checked', () => {
    const { code, stdout, stderr } = project.runWith(alone, 'export', 'net[seed=1]');
    expect(code, stderr).toBe(0);
    expect(stdout.trim().split('\n')).toEqual(
      [
        ...['model.onnx', 'model.safetensors', 'config.json', 'model.pth', 'model.py'],
        ...['model.json', 'weights-1of1.bin', 'index.html', 'page.js'].map((name) => `tfjs/${name}`),
        'README.md',
      ].map((name) => `exported/net-seed=1/${name}`),
    );
    expect(stderr).toMatch(/^onnx: not checked: onnxruntime-node is not installed/m);
    expect(stderr).toMatch(
      /^safetensors: kdpipe's \w+ engine gives the same logits for 8 images of its dataset, to the bit$/m,
    );
    expect(stderr).toMatch(/^pytorch: not checked: there is no no-such-python/m);
    expect(stderr).toMatch(/^tfjs: not checked: @tensorflow\/tfjs is not installed/m);
    const card = project.read('exported/net-seed=1/README.md');
    expect(card).toContain('model: convnet4');
    expect(card).toContain('source: mnist-digits');
    expect(card).toMatch(/cell: net\[seed=1\]/);
  });

  it('writes what the stage of that kind writes, to the byte', () => {
    project.runWith(alone, 'export', 'net[seed=0]', '--to', 'onnx', '-o', 'phone');
    const [onnx = ''] = project.run('path', 'away.onnx').stdout.split('\n');
    expect(project.read('phone/model.onnx')).toBe(project.read(onnx));
    expect(existsSync(project.path('phone/model.pth'))).toBe(false);
    const [tfjs = ''] = project.run('path', 'away.tfjs').stdout.split('\n');
    expect(project.read(`${tfjs}/model.json`)).toContain('"format":"graph-model"');
  });

  it('takes a file of weights that has left the project', () => {
    const [weights = ''] = project.run('path', 'net[seed=0].weights').stdout.split('\n');
    const elsewhere = new Project();
    const { code, stderr } = elsewhere.runWith(
      alone,
      'export',
      project.path(weights),
      '--to',
      'pytorch',
      '-o',
      'there',
    );
    expect([code, stderr]).toEqual([0, expect.stringContaining('pytorch: not checked')]);
    expect(elsewhere.read('there/model.py')).toContain('IMAGE_SIZE = 28');
    elsewhere.remove();
  });

  it('refuses a form that it does not know', () => {
    const { code, stderr } = project.run('export', 'net[seed=0]', '--to', 'tflite');
    expect([code, stderr]).toEqual([2, expect.stringContaining('onnx, safetensors, pytorch, tfjs')]);
  });
});

describe('kdpipe push', () => {
  it('says with --dry-run all that would be uploaded, and needs neither network nor token', () => {
    const away = { ...alone, HF_TOKEN: '', HF_HOME: project.path('no-home'), HF_ENDPOINT: 'http://127.0.0.1:9' };
    const { code, stdout, stderr } = project.runWith(away, 'push', 'net[seed=0]', 'hf:me/birds', '-n', '--private');
    expect(code, stderr).toBe(0);
    expect(stdout).toMatch(/^to: http:\/\/127\.0\.0\.1:9\/me\/birds, branch main, private\n/);
    expect(stdout).toMatch(/file: model\.safetensors, [\d.]+ KiB\nfile: config\.json, \d+ B\nfile: README\.md, /);
    expect(stdout).toMatch(/ {2}license: unknown\n/);
    expect(stdout).toMatch(/split: test\n +metrics:\n +- type: accuracy/);
    const real = project.runWith(away, 'push', 'net[seed=0]', 'hf:me/birds');
    expect(real).toMatchObject({ code: 2, stderr: expect.stringContaining('[no-token]') });
    expect(project.runWith(away, 'push', 'net[seed=0]', 'me/birds').stderr).toContain('[wrong-address]');
  });
});
