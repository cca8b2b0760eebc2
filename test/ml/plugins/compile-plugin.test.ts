import { describe, expect, it } from 'vitest';
import { FailureError } from '../../../src/core/failure.ts';
import { compilePlugin } from '../../../src/ml/plugins/compile-plugin.ts';

const FILE = { path: '/somewhere/mine.ts', shown: 'mine.ts' };
const compile = (text: string) => compilePlugin(text, FILE, 'file:///api.js');
const failuresOf = async (text: string) => {
  try {
    await compile(text);
  } catch (error) {
    if (error instanceof FailureError) return error.failures;
    throw error;
  }
  return [];
};

describe('compilePlugin', () => {
  it('leaves JavaScript on the lines where it stood, which imports the one module by its address', async () => {
    const code = await compile(
      "import { mean, type Node } from 'kdpipe/plugin';\nimport type { Plugin } from 'kdpipe/plugin';\nexport const of = (x: Node): Node => mean(x);\n",
    );
    const lines = code.split('\n');
    expect(lines[0]).toBe("import { mean, } from 'file:///api.js';");
    expect(lines[1]).toBe('');
    expect(lines[2]).toBe('export const of = (x) => mean(x);');
    expect(code).toMatch(/\/\/# sourceURL=mine\.ts$/);
  });

  it.each([
    ['another file', "import x from './other.ts';\nexport default x;", './other.ts', 1],
    ['a module of Node', "\nimport { readFileSync } from 'node:fs';\nexport default readFileSync;", 'node:fs', 2],
    ['another file again', "export * from './other.ts';", './other.ts', 1],
    ['a module while it runs', "export default await import('./other.ts');", './other.ts', 1],
    ['the one module while it runs', "export default await import('kdpipe/plugin');", 'kdpipe/plugin', 1],
    ['a computed name', "const name = 'a';\nexport default await import(name);", 'a computed name', 2],
  ])('refuses to import %s', async (_, text, name, line) => {
    const [failure] = await failuresOf(text);
    expect(failure).toMatchObject({ code: 'invalid-plugin', place: { file: 'mine.ts', line } });
    expect(failure?.message).toContain(name);
  });

  it('says where the text is no TypeScript', async () => {
    const [failure] = await failuresOf('const a = 1;\nconst b = = 2;\n');
    expect(failure).toMatchObject({ code: 'invalid-plugin', place: { file: 'mine.ts', line: 2, column: 11 } });
  });

  it('lets import.meta stand', async () => {
    expect(await failuresOf('export default { url: import.meta.url };')).toEqual([]);
  });
});
