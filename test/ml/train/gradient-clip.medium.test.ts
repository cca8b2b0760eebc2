import { afterAll } from 'vitest';
import { createEngine } from '../../../src/ml/engines/create-engine.ts';
import { describeClip } from './clip-checks.ts';

const wasm = await createEngine('wasm', { threads: 2 });
const reference = await createEngine('reference', { threads: 1 });
afterAll(() => Promise.all([wasm.dispose(), reference.dispose()]));

describeClip('wasm', wasm);
describeClip('reference', reference);
