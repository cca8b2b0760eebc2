/**
 * Writes schemas/catalogue.json (names and facts of the ml registries) and schemas/pipeline.schema.json (for editors).
 * With `--check` it writes nothing and fails when a file is stale.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { mlCatalogue } from '../src/ml/catalogue.ts';

const check = process.argv.includes('--check');

async function generate(path: string, value: unknown): Promise<void> {
  const text = `${JSON.stringify(value, null, 2)}\n`;
  if (text === (await readFile(path, 'utf8').catch(() => ''))) return;
  process.stdout.write(`${check ? 'stale: npm run build:schemas writes' : 'written:'} ${path}\n`);
  if (check) process.exitCode = 1;
  else await writeFile(path, text);
}

const names = mlCatalogue();
await mkdir('schemas', { recursive: true });
await generate('schemas/catalogue.json', names);
// Kinds read the catalogue (a method's options are parameters of distill-student), so they are loaded after it is written.
const { pipelineSchema } = await import('../src/pipeline/schema.ts');
const { kinds } = await import('../src/stages/registry.ts');
await generate('schemas/pipeline.schema.json', pipelineSchema(kinds, names));
