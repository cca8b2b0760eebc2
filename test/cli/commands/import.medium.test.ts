import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Project } from '../../support/project.ts';

let project: Project;
beforeAll(() => {
  project = new Project({
    'theirs.yaml': 'DISTILLER:\n  TYPE: KD\n  TEACHER: resnet56\n  STUDENT: resnet20\n',
    'other.yaml': 'DISTILLER:\n  TYPE: OFD\n',
  });
});
afterAll(() => project.remove());

describe('kdpipe import mdistiller', () => {
  it('writes a pipeline that can be planned, and none over another', () => {
    const written = project.run('import', 'mdistiller', 'theirs.yaml', 'ours.yaml');
    expect(written).toMatchObject({ code: 0, stdout: expect.stringContaining('ours.yaml is written') });
    expect(project.run('check', 'ours.yaml')).toMatchObject({ code: 0, stdout: 'ours.yaml: ok, 4 stages, 5 cells\n' });
    expect(project.run('import', 'mdistiller', 'theirs.yaml', 'ours.yaml').stderr).toContain(
      'ours.yaml already exists',
    );
  });

  it('writes nothing of what has no counterpart, and says where it stands', () => {
    const { code, stderr } = project.run('import', 'mdistiller', 'other.yaml', 'none.yaml');
    expect(code).not.toBe(0);
    expect(stderr).toContain('other.yaml:2:9: DISTILLER.TYPE: "OFD" has no counterpart');
    expect(() => project.read('none.yaml')).toThrow(/ENOENT/);
  });

  it('says that there is no such file', () => {
    expect(project.run('import', 'mdistiller', 'missing.yaml').stderr).toContain('[unreadable-configuration]');
  });
});
