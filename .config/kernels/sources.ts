/** What the kernels are made from. */
import { createHash } from 'node:crypto';
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { kernelHeader } from './header.ts';
import { NATIVE_COMPILE, NATIVE_TARGETS, NODE_API_HEADERS, WASM_TARGETS, WARNINGS, ZIG } from './targets.ts';

/** Where C sources lie, and what is made of them. */
export const ML = join(import.meta.dirname, '../../src/ml');
export const ENGINES = join(ML, 'engines');
export const KERNELS = join(ENGINES, 'kernels');

export const sha256 = (content: string | Uint8Array): string => createHash('sha256').update(content).digest('hex');

/** Files of the kernels' folder by their path in it; primitives.h as the tables want it. */
export async function readSources(): Promise<Readonly<Record<string, string>>> {
  const names = (await readdir(KERNELS, { recursive: true }))
    .map((name) => name.replaceAll('\\', '/'))
    .filter((name) => /\.[ch]$/.test(name) && name !== 'primitives.h')
    .sort();
  const texts = await Promise.all(names.map((name) => readFile(join(KERNELS, name), 'utf8')));
  return {
    'primitives.h': kernelHeader(),
    ...Object.fromEntries(names.map((name, index) => [name, texts[index] ?? ''])),
  };
}

/**
 * All kernels as one unit, so that each is compiled once for an instruction set and none is seen from outside.
 *
 * @param sources - by their path
 * @returns text of a C file beside them
 */
export function oneUnit(sources: Readonly<Record<string, string>>): string {
  const units = Object.keys(sources).filter((name) => name.endsWith('.c') && !name.includes('/'));
  return units.map((name) => `#include "${name}"\n`).join('');
}

/**
 * Digest of all that the kernels are made from: sources, flags, and the versions of the tools. Needs no compiler.
 *
 * @returns SHA-256, as kernels.json keeps it
 */
export async function sourceDigest(): Promise<string> {
  const tools = { ZIG, NODE_API_HEADERS };
  const single = Object.values(WASM_TARGETS).flatMap(({ source }) => source ?? []);
  const singles = await Promise.all(single.map((source) => readFile(join(ML, source), 'utf8')));
  const flags = { WASM_TARGETS, NATIVE_TARGETS, NATIVE_COMPILE, WARNINGS };
  return sha256(JSON.stringify({ tools, flags, sources: await readSources(), singles }));
}
