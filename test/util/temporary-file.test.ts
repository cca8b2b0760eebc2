import { mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sweepTemporary, temporaryPath } from '../../src/util/temporary-file.ts';

/** No process has this id: it is past the highest that Linux gives. */
const nobody = 2 ** 22 + 1;
let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'kdpipe-temporary-'))));
afterEach(() => rmSync(folder, { recursive: true }));

const made = (path: string): string => {
  writeFileSync(path, '');
  return basename(path);
};
/** The name that a process had given which is gone: this one's, with the id of one that has ended. */
const ofTheDead = (path: string): string => {
  return join(folder, basename(path).replace(`.${process.pid}-`, `.${nobody}-`));
};

describe('temporary files', () => {
  it('stand beside the file, under another name each time', () => {
    const [one, two] = [temporaryPath('/a/b.json'), temporaryPath('/a/b.json')];
    expect(one).toMatch(/^\/a\/\.b\.json\.\d+-.*\.tmp$/);
    expect(two).not.toBe(one);
  });

  it('have names that file systems take, however long the file’s own is', () => {
    expect(Buffer.byteLength(basename(temporaryPath(`/${'表'.repeat(80)}`)))).toBeLessThan(255);
  });

  it('of killed processes are swept; those of the living, and files of others, stay', () => {
    const living = made(temporaryPath(join(folder, 'a.json')));
    made(ofTheDead(temporaryPath(join(folder, 'a.json'))));
    for (const name of ['a.json', 'a.tmp', '.a.tmp', '.a.swp']) made(join(folder, name));
    sweepTemporary(folder);
    expect(readdirSync(folder).sort()).toEqual(['.a.swp', '.a.tmp', living, 'a.json', 'a.tmp'].sort());
  });

  it('are swept of one file alone where it is named', () => {
    const other = made(ofTheDead(temporaryPath(join(folder, 'b.md'))));
    made(ofTheDead(temporaryPath(join(folder, 'a.md'))));
    sweepTemporary(folder, 'a.md');
    expect(readdirSync(folder)).toEqual([other]);
  });

  it('of another machine are swept when they are a day old', () => {
    const foreign = (name: string) => join(folder, `.${name}.7-1-00000000-00000000-12345678.tmp`);
    const young = made(foreign('young'));
    made(foreign('old'));
    const then = Date.now() / 1000 - 25 * 3600;
    utimesSync(foreign('old'), then, then);
    sweepTemporary(folder);
    expect(readdirSync(folder)).toEqual([young]);
  });

  it('are no reason to fail where there is no folder', () => {
    expect(() => sweepTemporary(join(folder, 'none'))).not.toThrow();
  });
});
