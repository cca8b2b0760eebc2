import { describe, expect, it } from 'vitest';
import { folderListing } from '../../src/fingerprint/digest.ts';
import { compareFolders, sayFolderChanges } from '../../src/fingerprint/folder-changes.ts';

const listing = (files: Readonly<Record<string, string>>) =>
  folderListing(Object.entries(files).map(([path, digest]) => ({ path, digest })));

describe('two states of a folder', () => {
  it('differ in files that were edited, came and went', () => {
    const changes = compareFolders(listing({ a: '1', b: '1', 'c/d': '1' }), listing({ a: '1', b: '2', 'c/e': '1' }));
    expect(changes).toEqual({ edited: ['b'], added: ['c/e'], removed: ['c/d'] });
    expect(sayFolderChanges(changes)).toBe('edited b; added c/e; removed c/d');
  });

  it('are said in short where there are many differences, and not at all where there are none', () => {
    const many = listing(Object.fromEntries(Array.from({ length: 9 }, (_, at) => [`f${at}`, '1'])));
    expect(sayFolderChanges(compareFolders(many, many))).toBe('');
    expect(sayFolderChanges(compareFolders(many, listing({ f0: '2', x: '1' })))).toBe(
      'edited f0; added x; removed f1, f2, f3; and 5 more',
    );
  });
});
