import type { Key } from '../../src/core/plan.ts';
import { sha256 } from '../../src/fingerprint/digest.ts';
import type { DraftManifest } from '../../src/store/store.ts';

/** The key of a made-up result. */
export const keyOf = (name: string | number): Key => sha256(`key of ${name}`);

/** A manifest as the worker hands it to a draft. */
export function draftManifest(key: Key, changes: Partial<DraftManifest> = {}): DraftManifest {
  return {
    ...{ key, cell: 'student[seed=0]', kind: 'command', resultVersion: 1 },
    ...{ params: { data: { $input: 'data' }, lr: 1e-4 }, outputs: { out: 'out.txt' }, metrics: { accuracy: 0.75 } },
    inputs: [{ name: 'data', cell: 'birds', key: keyOf('birds'), output: 'data', digest: sha256('birds') }],
    sources: [{ name: 'root', path: '/images', digest: sha256('images') }],
    ...{ environment: { engine: 'wasm' }, versions: { kdpipe: '0.1.0', node: '20.19.0' }, host: 'here', commit: null },
    ...{ run: '2026-01-01-abc', attempt: 1, started: 1_760_000_000_000, seconds: 1.5, tail: ['done'] },
    ...changes,
  };
}
