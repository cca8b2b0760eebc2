import { createHash, randomBytes } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { kdpipe, Project } from '../support/project.ts';
import { execa } from 'execa';

const bytes = randomBytes(100_000);
const sha256 = createHash('sha256').update(bytes).digest('hex');
const md5 = createHash('md5').update(bytes).digest('hex');

let server: Server;
let url: string;
let asked = 0;
const project = new Project();

/** Runs the command line beside this process, which has to answer it. */
async function run(...args: readonly string[]) {
  const options = { cwd: project.folder, reject: false, env: { CI: '1' } };
  const { exitCode, stdout, stderr } = await execa('node', [kdpipe, ...args], options);
  return { code: exitCode, stdout, stderr };
}

beforeAll(async () => {
  server = createServer((_, response) => {
    asked++;
    response.writeHead(200, { 'content-length': bytes.length, etag: '"1"' }).end(bytes);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/birds.tgz`;
});
afterAll(() => {
  server.close();
  project.remove();
});

describe('a file from the network', () => {
  it('is fetched once, is read by other stages, and is not asked for again', async () => {
    project.write(
      'p.yaml',
      [
        'stages:',
        '  birds:',
        '    uses: fetch',
        `    with: { url: "${url}", sha256: ${sha256} }`,
        '  count:',
        '    uses: command',
        '    with:',
        '      shell: wc -c < "$KDPIPE_INPUT_FILE" > "$KDPIPE_OUT/count.txt"',
        '      inputs: { file: "${stages.birds}" }',
      ].join('\n'),
    );
    expect(await run('run', 'p.yaml')).toMatchObject({ code: 0 });
    expect(asked).toBe(1);
    const again = await run('run', 'p.yaml');
    expect(again.code).toBe(0);
    expect(again.stdout + again.stderr).toMatch(/nothing to do/i);
    expect(asked).toBe(1);
  });
});

describe('a published archive', () => {
  it('given by address is fetched by a cell of its own, and refused where it is another one', async () => {
    project.write('cub.yaml', `stages: { birds: { uses: dataset, with: { source: cub-200-2011, url: "${url}" } } }`);
    const planned = await run('run', '-n', 'cub.yaml');
    expect(planned.stdout).toMatch(/fetch\[.*97eceeb196236b17998738112f37df78/);
    const { code, stderr } = await run('run', 'cub.yaml');
    expect(code).toBe(1);
    expect(stderr).toContain('wrong-checksum');
    expect(stderr).toContain(md5);
    expect(stderr).toContain('97eceeb196236b17998738112f37df78');
  });

  it('that is not where it should be is said to be missing, with where to get it and where to put it', async () => {
    project.write('data/notes.txt', 'no birds here');
    project.write('root.yaml', 'stages: { birds: { uses: dataset, with: { source: cub-200-2011, root: data } } }');
    const { code, stderr } = await run('run', 'root.yaml');
    expect(code).toBe(2);
    expect(stderr).toContain('data/CUB_200_2011.tgz');
    expect(stderr).toContain('97eceeb196236b17998738112f37df78');
    expect(stderr).toContain('https://data.caltech.edu/records/65de6-vp158/files/CUB_200_2011.tgz');
    expect(stderr).toContain('write url:');
  });
});
