import { build } from 'esbuild';
import { describe, expect, it } from 'vitest';
import { commonJsOnDemand } from '../../.config/dynamic-imports.ts';
import { Project } from '../support/project.ts';

describe('a dynamic import', () => {
  const modules = {
    'common.cjs': 'exports.parse = (text) => text.length;',
    'wrapped.mjs': "export { parse } from './common.cjs';",
    'direct.mjs': "export const found = async () => (await import('./common.cjs')).parse?.('abc');",
    'own.mjs': "export const found = async () => (await import('./wrapped.mjs')).parse?.('abc');",
  };

  it('of CommonJS loses its named exports in a build, which is refused; of a module of our own around it does not', async () => {
    const project = new Project(modules);
    const built = async (entry: string) => {
      const { metafile } = await build({
        ...{ entryPoints: [entry], outdir: 'dist', absWorkingDir: project.folder, outExtension: { '.js': '.mjs' } },
        ...{ bundle: true, splitting: true, format: 'esm', platform: 'node', metafile: true },
      });
      const { found } = (await import(project.path(`dist/${entry}`))) as { found: () => Promise<number | undefined> };
      return { found: await found(), refused: commonJsOnDemand(metafile) };
    };
    try {
      expect(await built('direct.mjs')).toEqual({
        found: undefined,
        refused: ['direct.mjs imports common.cjs dynamically'],
      });
      expect(await built('own.mjs')).toEqual({ found: 3, refused: [] });
    } finally {
      project.remove();
    }
  });
});
