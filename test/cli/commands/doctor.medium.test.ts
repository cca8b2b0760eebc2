import { existsSync, rmSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import type { Finding } from '../../../src/cli/doctor/finding.ts';
import { gitVersion, slurmFacts } from '../../../src/cli/doctor/programs.ts';
import { Project } from '../../support/project.ts';

const project = new Project();
afterAll(() => project.remove());

/** Findings of `kdpipe doctor` by their subject. */
function diagnosis(environment: Readonly<Record<string, string>>) {
  const { code, stdout, stderr } = project.runWith(environment, 'doctor', '--json');
  const { works, findings } = JSON.parse(stdout) as { works: boolean; findings: readonly Finding[] };
  return { code, stderr, works, of: Object.fromEntries(findings.map((finding) => [finding.subject, finding])) };
}

describe('programs that a run may call', () => {
  afterAll(() => rmSync(project.path('bin'), { recursive: true, force: true }));

  it('are asked what they are; those that are not there, or fail, are none', async () => {
    project.writeProgram('bin/sbatch', '#!/bin/sh\necho "slurm 22.05.8"\n');
    project.writeProgram('bin/sinfo', '#!/bin/sh\nprintf "all (up)\\nlong (drain)\\n"\n');
    project.writeProgram('bin/mute', '#!/bin/sh\necho "Unable to contact" >&2; exit 1\n');
    const [sbatch, sinfo, mute] = ['sbatch', 'sinfo', 'mute'].map((name) => project.path(`bin/${name}`));
    expect(await slurmFacts(sbatch, sinfo)).toEqual({
      ...{ version: 'slurm 22.05.8', partitions: ['all (up)', 'long (drain)'] },
      said: expect.any(String),
    });
    expect(await slurmFacts(sbatch, mute)).toMatchObject({ partitions: null, said: 'Unable to contact' });
    expect(await slurmFacts(project.path('bin/gone'), sinfo)).toBeNull();
    expect(await gitVersion()).toMatch(/^git version \d/);
    expect(await gitVersion(mute)).toBeNull();
  });
});

describe('kdpipe doctor', () => {
  it('says that a run works here, in a line a finding, and leaves nothing behind', () => {
    const { code, stdout, stderr } = project.run('doctor');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const lines = stdout.trimEnd().split('\n');
    expect(lines.map((line) => line.replace(/ +/g, ' '))).toContain(`✓ node ${process.versions.node}`);
    expect(lines.filter((line) => line.includes('what auto takes'))).toHaveLength(1);
    for (const subject of ['file system', 'disk', 'clock', 'slurm', 'onnx runtime', 'git'])
      expect(lines.filter((line) => line.slice(3).startsWith(`${subject} `))).toHaveLength(1);
    expect(lines.at(-1)).toBe('a run works here');
    expect(existsSync(project.path('runs'))).toBe(false);
  });

  it('notes that native code is switched off: wasm takes its place', () => {
    const { code, works, of } = diagnosis({ KDPIPE_NATIVE: 'off', KDPIPE_THREADS: '1' });
    expect({ code, works }).toEqual({ code: 0, works: true });
    expect(of['engine native']).toMatchObject({ level: 'note', text: 'cannot run here: KDPIPE_NATIVE is off' });
    expect(of['engine wasm']?.text).toMatch(/^what auto takes \((relaxed|plain), 1 thread, amp in float32\)$/);
    expect(of['images']?.level).toBe('ok');
  });

  it('exits 2 for what a run could not start with, and says how to mend it', () => {
    const { code, works, of, stderr } = diagnosis({ KDPIPE_THREADS: 'many' });
    expect({ code, works, stderr }).toEqual({ code: 2, works: false, stderr: '' });
    expect(of['environment']).toMatchObject({ level: 'problem', fix: 'KDPIPE_THREADS=2' });
  });

  it('finds a workspace that is no folder', () => {
    project.write('runs', 'a file where the folder would be');
    const { code, of } = diagnosis({});
    expect(code).toBe(2);
    expect(of['workspace']?.level).toBe('problem');
  });
});
