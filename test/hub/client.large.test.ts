import { execFile } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HubServer } from '../support/hub-server.ts';
import { kdpipe, Project } from '../support/project.ts';

/** A Python with huggingface_hub: `.ci/sinks` makes one. */
const python = process.env['KDPIPE_SINKS_PYTHON'];
const lacking = python === undefined ? ' (SKIPPED: KDPIPE_SINKS_PYTHON names no Python; .ci/sinks makes one)' : '';

const pipeline = `name: small
stages:
  digits: { uses: dataset, with: { source: mnist-digits, limit: { train: 100, val: 50, test: 50 } } }
  net: { uses: train-teacher, with: { data: "\${stages.digits}", model: convnet4, epochs: 1 } }
  score: { uses: evaluate, with: { of: "\${stages.net}", data: "\${stages.digits}", splits: [test] } }
`;

describe.skipIf(python === undefined)(`the client of the Hugging Face Hub${lacking}`, () => {
  let server: HubServer;
  let project: Project;
  // The server is in this process: nothing may wait for a child without letting it answer.
  const call = async (program: string, ...args: readonly string[]): Promise<string> => {
    const env = {
      ...process.env,
      ...{ HF_ENDPOINT: server.endpoint, HF_TOKEN: server.token, HF_HOME: project.path('home') },
      // Its transfers by Git LFS, which are those that are documented.
      ...{ HF_HUB_DISABLE_XET: '1', HF_HUB_DISABLE_TELEMETRY: '1' },
    };
    return (await promisify(execFile)(program, args, { cwd: project.folder, env })).stdout;
  };
  const client = async (what: 'upload' | 'download', folder: string, repo: string): Promise<unknown> => {
    const script = new URL('support/client.py', import.meta.url).pathname;
    return JSON.parse(await call(python ?? '', script, what, project.path(folder), repo));
  };
  const filesIn = (folder: string): Readonly<Record<string, Buffer>> =>
    Object.fromEntries(
      readdirSync(project.path(folder), { withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map(({ name }) => [name, readFileSync(project.path(`${folder}/${name}`))]),
    );
  beforeAll(async () => {
    server = new HubServer();
    await server.listen();
    project = new Project({ 'small.yaml': pipeline });
    await call('node', kdpipe, 'run', 'small.yaml');
  });
  afterAll(() => {
    server.close();
    project.remove();
  });

  it('uploads to the server that stands for the Hub here, in one piece and in several', async () => {
    mkdirSync(project.path('own'));
    for (const [name, size] of [
      ['small.txt', 10],
      ['one.bin', 5000],
      ['pieces.bin', 20_000],
    ] as const)
      project.write(`own/${name}`, Buffer.from(Array.from({ length: size }, (_, at) => at % 253)));
    await client('upload', 'own', 'me/own');
    expect(server.filesOf('me/own')).toMatchObject(filesIn('own'));
    expect(server.calls.some((one) => one.endsWith('/complete'))).toBe(true);
  });

  it('downloads what kdpipe has pushed, and reads its card', async () => {
    await call('node', kdpipe, 'export', 'net', '--to', 'safetensors', 'onnx', '-o', 'exported');
    const said = await call(
      'node',
      kdpipe,
      'push',
      'net',
      'hf:me/net',
      '--to',
      'safetensors',
      'onnx',
      '--license',
      'mit',
    );
    expect(said).toContain(`${server.endpoint}/me/net/commit/`);
    const card = await client('download', 'there', 'me/net');
    const { 'README.md': text, ...files } = filesIn('there');
    const { 'README.md': _, ...exported } = filesIn('exported');
    expect(files).toEqual(exported);
    expect(card).toMatchObject({
      ...{
        license: 'mit',
        library: 'kdpipe',
        name: 'convnet4',
        datasets: ['ylecun/mnist'],
        metrics: ['accuracy', 'f1'],
      },
      tags: expect.arrayContaining(['knowledge-distillation', 'convnet4']),
    });
    const [score = ''] = (await call('node', kdpipe, 'path', 'score')).split('\n');
    const { metrics } = JSON.parse(readFileSync(project.path(`${score}/manifest.json`), 'utf8')) as {
      readonly metrics: { readonly test: Readonly<Record<string, number>> };
    };
    const test = ['image-classification', 'ylecun/mnist', 'test'];
    expect((card as { readonly results: unknown }).results).toEqual(
      expect.arrayContaining([
        [...test, 'accuracy', 'Accuracy', metrics.test['accuracy']],
        [...test, 'f1', 'Macro F1', metrics.test['macro_f1']],
      ]),
    );
    expect(text?.toString()).toContain('# convnet4');
  });
});
