import { mkdirSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findWorkspace } from '../../src/project/workspace.ts';

/** A home folder with folders in it. */
function home(...folders: readonly string[]): string {
  const made = mkdtempSync(join(tmpdir(), 'kdpipe-home-'));
  for (const folder of folders) mkdirSync(join(made, folder), { recursive: true });
  return made;
}

describe('the workspace of a folder', () => {
  it('is the nearest folder above with results', () => {
    const root = home('study/runs/.store', 'study/pipes/deep', 'runs/.store');
    expect(findWorkspace(join(root, 'study/pipes/deep'), root)).toBe(join(root, 'study'));
    expect(findWorkspace(join(root, 'study'), root)).toBe(join(root, 'study'));
  });

  it('is the folder itself where nothing was run yet, and where runs/ is somebody else’s', () => {
    const root = home('study/pipes', 'study/runs/tensorboard');
    expect(findWorkspace(join(root, 'study/pipes'), root)).toBe(join(root, 'study/pipes'));
  });

  it('is not above the repository of the folder', () => {
    const root = home('runs/.store', 'study/.git', 'study/pipes');
    expect(findWorkspace(join(root, 'study/pipes'), root)).toBe(join(root, 'study/pipes'));
    mkdirSync(join(root, 'study/runs/.store'), { recursive: true });
    expect(findWorkspace(join(root, 'study/pipes'), root)).toBe(join(root, 'study'));
  });

  it('is not above the home folder', () => {
    const root = home('runs/.store', 'home/me/study');
    expect(findWorkspace(join(root, 'home/me/study'), join(root, 'home/me'))).toBe(join(root, 'home/me/study'));
  });
});
