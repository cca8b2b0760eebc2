import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { Project } from '../support/project.ts';

const sinks = `sinks:
  - { uses: tensorboard, with: { folder: boards } }
  - { uses: wandb }
`;
const stages = `stages:
  digits: { uses: dataset, with: { source: mnist-digits, limit: { train: 40, val: 20, test: 20 } } }
  teacher:
    uses: train-teacher
    matrix: { lr: [0.01, 0.02] }
    with: { data: "\${stages.digits}", model: convnet4, epochs: 2, engine: wasm }
`;
const project = new Project({ 'p.yaml': `name: p\n${sinks}${stages}` });
afterAll(() => project.remove());

/** Content of all files below a folder, by path. */
const filesIn = (folder: string): Readonly<Record<string, string>> =>
  Object.fromEntries(
    readdirSync(project.path(folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => [`${parentPath}/${name}`, readFileSync(`${parentPath}/${name}`, 'latin1')]),
  );
const told = () => ({ ...filesIn('boards'), ...filesIn('wandb') });

describe('sinks', () => {
  it('are told once of each result, while it is made, when it is told again, and when it is reused', () => {
    expect(project.run('run', 'p.yaml')).toMatchObject({ code: 0 });
    const first = told();
    expect(Object.keys(first)).toHaveLength(6);
    expect(project.run('sync')).toMatchObject({ code: 0, stdout: expect.stringContaining('tensorboard: 3 results') });
    expect(told()).toEqual(first);
    // Another run that reuses two of its results, and a record that is gone: the same is told of them.
    project.write('p.yaml', `name: p\n${sinks}${stages.replace('0.02]', '0.02, 0.03]')}`);
    expect(project.run('run', 'p.yaml')).toMatchObject({ code: 0 });
    expect(told()).toMatchObject(first);
    expect(Object.keys(told())).toHaveLength(8);
  });

  it('take what a run reuses of which all is there', () => {
    rmSync(project.path('boards'), { recursive: true });
    project.write('p.yaml', `name: p\ndescription: anew\n${sinks}${stages}`);
    expect(project.run('run', 'p.yaml').stderr).toContain('nothing to do');
    expect(Object.keys(filesIn('boards'))).toHaveLength(3);
  });

  it('change no key, and harm no run: what is wrong with one is a note', () => {
    const none = '{ uses: mlflow, with: { tracking_uri: http://127.0.0.1:9 } }';
    project.write('p.yaml', `name: p\nsinks: [${none}, { uses: mlflow, with: { tracking_uri: here } }]\n${stages}`);
    const { code, stderr } = project.run('run', 'p.yaml');
    expect(code).toBe(0);
    expect(stderr).toContain('nothing to do');
    expect(stderr).toContain('no answer of MLflow at http://127.0.0.1:9');
    expect(stderr).toContain('here is no address of a server of MLflow');
    expect(project.run('sync', '--to', 'mlflow', '--with', 'tracking_uri=http://127.0.0.1:9')).toMatchObject({
      code: 1,
    });
    expect(project.run('sync', '--to', 'wandb', '--with', 'tracking_uri=x')).toMatchObject({ code: 2 });
  });

  it('send no credentials to where a server leads', async () => {
    const asked: (string | undefined)[] = [];
    const server = createServer((request, response) => {
      asked.push(request.headers.authorization);
      response.writeHead(307, { location: '/elsewhere' }).end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const child = project.startWith(
      { MLFLOW_TRACKING_URI: `http://127.0.0.1:${port}`, MLFLOW_TRACKING_TOKEN: 'secret-token' },
      ...['sync', '--to', 'mlflow'],
    );
    const code = await new Promise((resolve) => child.once('exit', resolve));
    server.close();
    expect({ code, asked }).toEqual({ code: 1, asked: ['Bearer secret-token'] });
  });
});
