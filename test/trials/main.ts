/**
 * Trials: `npm run trials -- [name …] [count=N] [seed=N] [--add] [--dry] [--smoke]`, all by default. Each tries a promise
 * against real processes for minutes or hours, and rewrites its own section of test/trials/RESULTS.md (not with `--dry`);
 * with `--add` it is a further part, and its figures are added to those of the section. Ends with 1 where a promise was broken.
 */
import { readSection, writeSection } from '../support/results-file.ts';
import { trials } from './registry.ts';
import { place, section } from './section.ts';
import { addPart, find } from './sum.ts';
import type { Trial } from './trial.ts';

const file = 'test/trials/RESULTS.md';
const words = process.argv.slice(2);
const has = (word: string): boolean => words.includes(word);
const numberOf = (name: string): number | undefined => {
  const word = words.find((one) => one.startsWith(`${name}=`));
  return word === undefined ? undefined : Number(word.slice(name.length + 1));
};
const named = words.filter((word) => !/^--|=/.test(word));
const unknown = named.filter((name) => !(name in trials));
if (unknown.length) throw new Error(`no trial ${unknown.join(', ')}; there are ${Object.keys(trials).join(', ')}`);
const count = numberOf('count');
const size = {
  scale: has('--smoke') ? ('smoke' as const) : ('full' as const),
  seed: numberOf('seed') ?? Date.now() % 2 ** 31,
  ...(count === undefined ? {} : { count }),
};

for (const [name, trial] of Object.entries<Trial>(trials)) {
  if (named.length ? !named.includes(name) : trial.onlyByName) continue;
  process.stderr.write(`${name}, seed ${size.seed}\n`);
  const start = performance.now();
  const { broken, counts, skipped } = await trial.run(size);
  if (skipped !== undefined) {
    console.error(`SKIPPED ${name}: ${skipped}`);
    continue;
  }
  const again = `npm run trials -- ${[name, `seed=${size.seed}`, ...(count === undefined ? [] : [`count=${count}`])].join(' ')}`;
  const part = {
    minutes: { [place()]: (performance.now() - start) / 60_000 },
    broken: broken.map((one) => `${one} (\`${again}\`)`),
    counts,
  };
  const before = has('--add') ? find(await readSection(file, name)) : undefined;
  const text = section(name, trial, addPart(before, part));
  console.log(text);
  if (!has('--dry')) await writeSection(file, '# Trials', { name, text });
  if (broken.length) process.exitCode = 1;
}
