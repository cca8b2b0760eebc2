/**
 * Benchmarks: `npm run bench -- <name> [arguments]`. Each prints ratios to a peer measured in the same run and
 * rewrites its own section of test/bench/RESULTS.md (not with `--dry`).
 */
import { cpus, totalmem } from 'node:os';
import { writeSection } from '../support/results-file.ts';
import { amp } from './amp.ts';
import { ceiling } from './train/ceiling.ts';
import { curve } from './curve.ts';
import { dashboard } from './dashboard.ts';
import { data } from './data.ts';
import { distil } from './distil.ts';
import { epoch } from './epoch.ts';
import { growing } from './growing.ts';
import { kept } from './kept.ts';
import { loaders } from './loaders.ts';
import { methodsTable } from './methods.ts';
import { native } from './native.ts';
import { onnx } from './onnx.ts';
import { original } from './original.ts';
import { overhead } from './overhead.ts';
import { parityTable } from './parity.ts';
import { search } from './search.ts';
import { slurm } from './slurm.ts';
import { tensorflow } from './tensorflow.ts';
import { train } from './train.ts';

const benchmarks: Record<string, (args: readonly string[]) => string | Promise<string>> = {
  ...{
    overhead,
    amp,
    curve,
    dashboard,
    ceiling,
    native,
    data,
    train,
    onnx,
    original,
    distil,
    epoch,
    growing,
    kept,
    loaders,
    parity: parityTable,
    methods: methodsTable,
    search,
    slurm,
    tensorflow,
  },
};

const [name = '', ...rest] = process.argv.slice(2);
const dry = rest.includes('--dry');
const benchmark = benchmarks[name];
if (!benchmark) throw new Error(`no benchmark "${name}"; there are: ${Object.keys(benchmarks).join(', ')}`);
const section = await benchmark(rest.filter((word) => word !== '--dry'));
const machine = `${cpus().length} cores (${cpus()[0]?.model.trim() ?? '?'}), ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.versions.node}`;
console.log(section);
if (!dry) {
  const text = `${section}\n\nMeasured ${new Date().toISOString().slice(0, 10)} on ${machine}, by \`npm run bench -- ${[name, ...rest].join(' ')}\`.`;
  await writeSection('test/bench/RESULTS.md', '# Benchmark results', { name, text });
}
