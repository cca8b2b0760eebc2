import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encoded, picture } from '../ml/data/samples.ts';
import { Project } from '../support/project.ts';

const pipeline = (keep: string) => `name: photos
stages:
  set:
    uses: dataset
    with: { source: image-folder, root: in, image_size: 32, mean_std: data, keep: ${keep} }
  net:
    uses: train-teacher
    with: { data: "\${stages.set}", model: resnet8, epochs: 2, batch_size: 16, lr: 0.01, augment: randaugment, mixup: cutmix, flip: true }
  marks:
    uses: evaluate
    with: { data: "\${stages.set}", of: "\${stages.net}", splits: [val, test], tta: [none, ten-crop] }
`;

const projects = { encoded: new Project(), decoded: new Project() };
const forms = ['encoded', 'decoded'] as const;

beforeAll(async () => {
  for (const form of forms) projects[form].write('photos.yaml', pipeline(form));
  for (let k = 0; k < 120; k++) {
    const bytes = await encoded(picture(k, 50 + (k % 7), 40 + (k % 11)), 'jpeg');
    for (const form of forms) projects[form].write(`in/${k % 2 ? 'ant' : 'bee'}/${k}.jpg`, bytes);
  }
});
afterAll(() => forms.forEach((form) => projects[form].remove()));

const entriesOf = (project: Project): string[] =>
  project.keys().map((key) => project.path(`runs/.store/${key.slice(0, 2)}/${key}`));

/** What every result but the dataset's holds, by key: all files but manifests, which tell times. */
function resultsOf(project: Project): Record<string, Record<string, string>> {
  const made = entriesOf(project).filter((entry) => !existsSync(join(entry, 'data')));
  const filesOf = (entry: string) =>
    readdirSync(entry)
      .filter((name) => name !== 'manifest.json')
      .map((name) => [name, readFileSync(join(entry, name), 'base64')] as const);
  return Object.fromEntries(made.map((entry) => [entry.slice(-64), Object.fromEntries(filesOf(entry))]));
}

/** Names of the files that the dataset consists of. */
function formOf(project: Project): readonly string[] {
  const entry = entriesOf(project).find((path) => existsSync(join(path, 'data'))) ?? '';
  return readdirSync(join(entry, 'data'));
}

describe('a dataset in either form', () => {
  it('leads to the same bits under the same keys: training, evaluation, predictions', () => {
    for (const form of forms) expect(projects[form].run('run', 'photos.yaml')).toMatchObject({ code: 0 });
    expect(formOf(projects.encoded)).toContain('train.files');
    expect(formOf(projects.decoded)).toContain('train.train.pixels');
    expect(projects.encoded.keys()).toEqual(projects.decoded.keys());
    const results = resultsOf(projects.encoded);
    expect(Object.values(results).map((files) => Object.keys(files).length > 1)).toEqual([true, true]);
    expect(results).toEqual(resultsOf(projects.decoded));
  });

  it('is taken as it is there, and where it is made anew in the other form nothing else is', () => {
    const project = projects.encoded;
    const before = resultsOf(project);
    project.write('photos.yaml', pipeline('decoded'));
    expect(project.run('run', 'photos.yaml').stderr).toContain('nothing to do');
    expect(formOf(project)).toContain('train.files');
    const { code, stderr } = project.run('run', 'photos.yaml', '--force', 'set');
    expect(code).toBe(0);
    expect(stderr).toMatch(/1 .*\b2 (?:reused|cached)/);
    expect(formOf(project)).toContain('train.train.pixels');
    expect(resultsOf(project)).toEqual(before);
    expect(project.run('verify')).toMatchObject({ code: 0 });
  });
});
