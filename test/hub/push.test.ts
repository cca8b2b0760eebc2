import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hubAccess } from '../../src/hub/access.ts';
import { HubApi } from '../../src/hub/hub-api.ts';
import { pushFiles } from '../../src/hub/push.ts';
import { HubServer } from '../support/hub-server.ts';

const contents = {
  'README.md': Buffer.from('# Card'),
  empty: Buffer.alloc(0),
  // One piece, and four of which the last is short.
  'one.bin': Buffer.alloc(5000, 1),
  'model.safetensors': Buffer.from(Array.from({ length: 13_000 }, (_, at) => at % 251)),
};
const names = Object.keys(contents);
const target = { repo: 'me/birds', revision: 'main', isPrivate: false, message: 'Push it' };
let server: HubServer;
let folder: string;
let api: HubApi;
beforeEach(async () => {
  server = new HubServer();
  await server.listen();
  api = new HubApi({ endpoint: server.endpoint, token: server.token });
  folder = mkdtempSync(join(tmpdir(), 'kdpipe-push-test-'));
  for (const [name, bytes] of Object.entries(contents)) writeFileSync(join(folder, name), bytes);
});
afterEach(() => {
  server.close();
  rmSync(folder, { recursive: true });
});

describe('a push', () => {
  it('is one commit of all files, large ones through the store and in pieces, and the token goes to the hub alone', async () => {
    const { commit, uploaded } = await pushFiles(api, folder, names, target);
    expect(server.filesOf('me/birds')).toEqual(contents);
    expect(uploaded).toEqual(names);
    expect(commit?.url).toBe(`${server.endpoint}/me/birds/commit/${commit?.id}`);
    expect(server.calls.filter((call) => call.includes('/commit/'))).toHaveLength(1);
    expect(server.calls.filter((call) => call.startsWith('PUT'))).toHaveLength(5);
  });

  it('sends what has changed alone, and nothing where nothing has', async () => {
    await pushFiles(api, folder, names, target);
    expect(await pushFiles(api, folder, names, target)).toEqual({ commit: null, uploaded: [] });
    writeFileSync(join(folder, 'README.md'), '# Another');
    expect(await pushFiles(api, folder, names, target)).toMatchObject({ uploaded: ['README.md'] });
    expect(server.filesOf('me/birds')['README.md']?.toString()).toBe('# Another');
  });

  it('goes to a branch of its own, and leaves the others', async () => {
    await pushFiles(api, folder, names, { ...target, revision: 'seed/1' });
    expect(server.filesOf('me/birds')).toEqual({});
    expect(server.filesOf('me/birds', 'seed/1')).toEqual(contents);
  });

  it('makes a private repository, and refuses one that everybody sees', async () => {
    await pushFiles(api, folder, names, { ...target, isPrivate: true });
    expect(server.repositories.get('me/birds')?.isPrivate).toBe(true);
    await pushFiles(api, folder, ['README.md'], { ...target, repo: 'me/open' });
    const again = pushFiles(api, folder, names, { ...target, repo: 'me/open', isPrivate: true });
    await expect(again).rejects.toMatchObject({ failures: [{ code: 'public-repository' }] });
    expect(Object.keys(server.filesOf('me/open'))).toEqual(['README.md']);
  });

  it('tries again what may pass, and has committed nothing where it ends before', async () => {
    server.refusals.push({ path: /^PUT/, status: 503 });
    await pushFiles(api, folder, names, target);
    server.refusals.push({ path: /objects\/batch$/, status: 403 });
    writeFileSync(join(folder, 'one.bin'), Buffer.alloc(6000, 2));
    writeFileSync(join(folder, 'README.md'), '# Another');
    const refused = pushFiles(api, folder, names, target);
    await expect(refused).rejects.toMatchObject({ failures: [{ code: 'no-access' }] });
    expect(server.filesOf('me/birds')).toEqual(contents);
  });

  it('says whose answer a refusal is, and asks no one else with the token', async () => {
    const stranger = new HubApi({ endpoint: server.endpoint, token: 'hf_wrong' });
    const refused = pushFiles(stranger, folder, names, target);
    await expect(refused).rejects.toMatchObject({
      failures: [{ code: 'no-access', message: expect.stringContaining('401: Invalid username or password.') }],
    });
  });
});

describe('the token', () => {
  it('is HF_TOKEN, else what the hub’s own programs have kept', () => {
    writeFileSync(join(folder, 'token'), 'hf_kept\n');
    expect(hubAccess({ HF_HOME: folder, HF_ENDPOINT: 'https://hub.example/' })).toEqual({
      ...{ endpoint: 'https://hub.example', token: 'hf_kept' },
    });
    expect(hubAccess({ HF_HOME: folder, HF_TOKEN: ' hf_said ' }).token).toBe('hf_said');
    expect(hubAccess({ HF_HOME: join(folder, 'none') }).token).toBeUndefined();
  });
});
