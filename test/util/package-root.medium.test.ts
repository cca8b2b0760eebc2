import { existsSync, readFileSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { assetPath, kdpipeVersion, packageRoot } from '../../src/util/package-root.ts';

describe('the package', () => {
  it('is found from the sources, wherever kdpipe is run', () => {
    const home = process.cwd();
    process.chdir('/');
    try {
      expect(isAbsolute(packageRoot())).toBe(true);
      const { name } = JSON.parse(readFileSync(join(packageRoot(), 'package.json'), 'utf8')) as { name: string };
      expect(name).toBe('kdpipe');
    } finally {
      process.chdir(home);
    }
  });

  it('ships the files that are looked up in it', () => {
    for (const path of ['schemas/catalogue.json', 'src/report/templates', 'src/ml/engines/wasm/kernels'])
      expect(existsSync(assetPath(path)), path).toBe(true);
  });

  it('knows its version', () => {
    expect(kdpipeVersion()).toMatch(/^\d+\.\d+\.\d+/);
  });
});
