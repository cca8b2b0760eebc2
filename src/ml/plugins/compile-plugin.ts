import { init, parse, type ImportSpecifier } from 'es-module-lexer';
import { transform } from 'sucrase';
import { fail, type Place } from '../../core/failure.ts';
import type { PluginFile } from './plugin.ts';

/** The one module that a plugin may import. */
const API = 'kdpipe/plugin';

/** Where a character of a text stands, both counted from 1. */
function placeAt(text: string, at: number): Pick<Place, 'line' | 'column'> {
  const before = text.slice(0, at).split('\n');
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
}

/** TypeScript without its types, line by line where it stood. */
function withoutTypes(text: string, shown: string): string {
  try {
    return transform(text, { transforms: ['typescript'], disableESTransforms: true }).code;
  } catch (error) {
    const { message, pos } = error as Error & { readonly pos?: number };
    if (pos === undefined) throw error;
    return fail({
      code: 'invalid-plugin',
      message: `the plugin is no TypeScript: ${message.replace(/ \(\d+:\d+\)$/, '')}`,
      place: { file: shown, ...placeAt(text, pos) },
      expected: 'a module in TypeScript or JavaScript',
    });
  }
}

/** Refuses whatever would make a plugin more than the text of its file. */
function requireAlone(imported: readonly ImportSpecifier[], code: string, shown: string): void {
  for (const { n: name, s: start, d: dynamic } of imported) {
    // import.meta
    if (dynamic === -2 || (name === API && dynamic === -1)) continue;
    fail({
      code: 'invalid-plugin',
      message: `the plugin imports ${name === undefined ? 'a module by a computed name' : name}`,
      place: { file: shown, ...placeAt(code, start) },
      expected: `no import but ${API}: results are kept under the content of the plugin's file, and of no other`,
      fix: 'put what it needs into the file itself',
    });
  }
}

/**
 * Makes the module of a plugin.
 *
 * @param text - TypeScript or JavaScript
 * @param file - where it stands
 * @param file.shown - as failures show it
 * @param api - address of what `kdpipe/plugin` is
 * @returns JavaScript that imports nothing but that; errors show the file's lines
 * @throws FailureError `invalid-plugin` where it cannot be parsed, or imports anything else
 */
export async function compilePlugin(text: string, { shown }: PluginFile, api: string): Promise<string> {
  const code = withoutTypes(text, shown);
  await init;
  const [imported] = parse(code);
  requireAlone(imported, code, shown);
  const names = imported.filter(({ n: name }) => name === API);
  // From the last to the first: what comes before stays where it was.
  const own = names.reduceRight((made, { s: start, e: end }) => made.slice(0, start) + api + made.slice(end), code);
  return `${own}\n//# sourceURL=${encodeURI(shown)}`;
}
