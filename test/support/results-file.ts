import { readFile, writeFile } from 'node:fs/promises';
import { format } from 'prettier';

const marksOf = (name: string) => ({ start: `<!-- ${name} -->`, end: `<!-- /${name} -->` });

/**
 * Reads a section of a Markdown file.
 *
 * @param path - the file
 * @param name - of the section
 * @returns what stands between its markers; empty where there is no such section, or no file
 */
export async function readSection(path: string, name: string): Promise<string> {
  const whole = await readFile(path, 'utf8').catch(() => '');
  const { start, end } = marksOf(name);
  const [from, to] = [whole.indexOf(start), whole.indexOf(end)];
  return from < 0 || to < 0 ? '' : whole.slice(from + start.length, to).trim();
}

/**
 * Puts a section into a Markdown file, between markers of its name; the others stay as they are.
 *
 * @param path - the file; made when missing
 * @param title - its first line, where it is made
 * @param section - name and text
 */
export async function writeSection(
  path: string,
  title: string,
  { name, text }: { readonly name: string; readonly text: string },
): Promise<void> {
  const before = await readFile(path, 'utf8').catch(() => `${title}\n`);
  const { start, end } = marksOf(name);
  const body = `${start}\n\n${text}\n\n${end}`;
  const from = before.indexOf(start);
  const to = before.indexOf(end);
  const whole = from < 0 ? `${before}\n${body}\n` : before.slice(0, from) + body + before.slice(to + end.length);
  await writeFile(path, await format(whole, { parser: 'markdown' }));
}
