import { readFile, writeFile } from 'node:fs/promises';
import { format } from 'prettier';

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
  const [start, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
  const body = `${start}\n\n${text}\n\n${end}`;
  const from = before.indexOf(start);
  const to = before.indexOf(end);
  const whole = from < 0 ? `${before}\n${body}\n` : before.slice(0, from) + body + before.slice(to + end.length);
  await writeFile(path, await format(whole, { parser: 'markdown' }));
}
