import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { packageRoot } from '../../src/util/package-root.ts';

const PAGES = ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'FAILURES.md', 'src/README.md', 'test/bench/RESULTS.md'];
const read = (page: string): string => readFileSync(join(packageRoot(), page), 'utf8');
const withoutCode = (text: string): string => text.replace(/^```.*?^```/gms, '').replace(/`[^`\n]*`/g, 'code');

/** Anchors of a page's headings, as GitHub makes them. */
function anchorsOf(page: string): readonly string[] {
  const headings = read(page)
    .replace(/^```.*?^```/gms, '')
    .matchAll(/^#+ (.*)$/gm);
  return [...headings].map(([, text = '']) =>
    text
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\- ]/gu, '')
      .replaceAll(' ', '-'),
  );
}

describe.each(PAGES)('the links of %s', (page) => {
  it('lead to files and headings that are there', () => {
    const targets = [...withoutCode(read(page)).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target);
    for (const target of targets.filter((link) => !/^https?:/.test(link))) {
      const [path = '', anchor] = target.split('#');
      const file = path === '' ? page : join(dirname(page), path);
      expect(existsSync(join(packageRoot(), file)), target).toBe(true);
      if (anchor !== undefined) expect(anchorsOf(file), target).toContain(anchor);
    }
  });
});

describe('the contents of the README', () => {
  it('name every section, in order', () => {
    const text = read('README.md');
    const sections = [...text.replace(/^```.*?^```/gms, '').matchAll(/^## (.*)$/gm)].map(([, name = '']) => name);
    const contents = /^## Contents\n(.*?)^## /ms.exec(text)?.[1] ?? '';
    const listed = [...contents.matchAll(/^- \[(.*?)\]/gm)].map(([, name = '']) => name);
    expect(['Contents', ...listed]).toEqual(sections);
  });

  it('have the results below the manual', () => {
    const text = read('README.md');
    for (const region of ['methods', 'fashion-mnist', 'pytorch'])
      expect(text.indexOf(`<!-- kdpipe:${region} -->`)).toBeGreaterThan(text.indexOf('\n## Results\n'));
  });
});
